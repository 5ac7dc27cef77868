"""Graphs written anew."""

from __future__ import annotations

import numpy as np

from simulator.parallel.writer import GraphWriter, StageWriter
from tracer.messages import all_reduce


def test_a_stage_with_one_more_call(tokens):
    graph = GraphWriter(tokens)
    stage = tokens.stages[0]
    writer = StageWriter(graph, stage)
    operator = tokens.operators[stage.operators[0]]
    writer.call((operator,), stage.inputs[:2].tolist(), stage.outputs[:1].tolist())
    message = all_reduce(operator.outputs[0], 2)
    storage = writer.make(message, int(stage.outputs[0]))
    written = graph.finish([writer.finish(7)], tokens.components)
    assert written.stages[0].repeats == 7
    assert [written.operators[i] for i in written.stages[0].operators] == [operator, message]
    assert storage == len(tokens.storage_bytes)
    assert written.storage_bytes[-1] == operator.outputs[0].nbytes
    assert np.array_equal(written.stages[0].outputs, [stage.outputs[0], storage])
