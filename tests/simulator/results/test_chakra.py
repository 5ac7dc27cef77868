"""Predicted runs as Chakra execution traces."""

from __future__ import annotations

import pytest

from hw_specs import load_accelerator
from simulator.execution import Execution
from simulator.parallel.scheme import Scheme
from simulator.profile.steps import spans_of
from simulator.results.chakra import chakra_trace
from simulator.simulation import simulate
from tracer.formats import read_trace
from tracer.storage.chakra_schema import Field, NodeType
from tracer.storage.protobuf_wire import delimited, fields, signed


def _nodes(content):
    _, *messages = delimited(memoryview(content))
    return [list(fields(message)) for message in messages]


@pytest.fixture(scope="module")
def content(stable_diffusion_run):
    return chakra_trace(stable_diffusion_run)


def test_our_own_reader_finds_every_kernel_and_its_operator(content, tmp_path, stable_diffusion_run):
    path = tmp_path / "out.et"
    path.write_bytes(content)
    trace = read_trace(path)
    spans = [s for stage in stable_diffusion_run.timeline.stages for s in spans_of(stable_diffusion_run, stage)]
    events = list(trace.kernel_events())
    assert [e.name for e in events] == [s.span.name for s in spans]
    assert [e.operator.name for e in events] == [s.operator for s in spans]
    assert float(trace.kernels.duration.sum()) == pytest.approx(sum(s.span.duration for s in spans), rel=0.01)
    graph = stable_diffusion_run.launches.graph
    product = next(op for op in graph.operators if op.name == "aten::addmm")
    assert tuple(t.shape for t in product.inputs) in {tuple(t.shape for t in op.inputs) for op in trace.operators}


def test_nodes_wait_for_nodes_before_them_alone(content):
    """What a network simulator asks for: ids once each, and no dependency on a node that comes later."""
    seen = set()
    for node in _nodes(content):
        found = dict(node)
        number = signed(found.get(Field.ID, 0))
        waits = {n for key in (Field.CONTROL, Field.DATA) for n in _ids(found.get(key, b""))}
        assert waits <= seen
        assert number not in seen
        seen.add(number)


def _ids(packed):
    from tracer.storage.protobuf_wire import varint

    at = 0
    while at < len(packed):
        number, at = varint(memoryview(packed), at)
        yield number


def test_collectives_are_nodes_of_their_own_kind(decoder_run):
    split = Execution(parallel=Scheme.parse("tensor=2"))
    run = simulate(decoder_run.launches.graph, load_accelerator("a100"), split)
    kinds = [signed(dict(node)[Field.TYPE]) for node in _nodes(chakra_trace(run))]
    assert kinds.count(NodeType.COLLECTIVE) > 0
