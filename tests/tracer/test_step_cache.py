"""Runs in which blocks are skipped: what is left of the calls, by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tracer.errors import GraphError
from tracer.graph import Component, Op, OpGraph, Stage, StorageRole, TensorSpec
from tracer.step_cache import StepCache, with_step_cache
from tracer.workload import Workload

_WIDE = TensorSpec((1, 6, 4), "float16")
_NARROW = TensorSpec((1, 6, 2), "float16")
# A call of each module in order, with the storages that it reads and writes.
_CALLS = (
    ("transformer.x_embedder", "aten::relu", 0, 1),
    ("transformer.context.refiner.blocks.0", "aten::relu", 1, 1),
    ("transformer.blocks.0.norm1", "aten::relu", 1, 2),
    ("transformer.blocks.0.ff", "aten::relu", 2, 3),
    ("transformer", "aten::relu", 3, 3),
    ("transformer.blocks.1.ff", "aten::relu", 3, 4),
    ("transformer.norm_out", "aten::relu", 4, 5),
)


@pytest.fixture
def graph() -> OpGraph:
    """A transformer of two blocks that runs 10 times, with a list of blocks elsewhere that is none of its own."""
    modules = tuple(dict.fromkeys(name for name, *_ in _CALLS))
    stage = Stage(
        name="transformer",
        component="transformer",
        repeats=10,
        operators=np.zeros(len(_CALLS), dtype=np.int64),
        modules=np.array([modules.index(name) for name, *_ in _CALLS]),
        inputs=np.array([read for *_, read, _ in _CALLS]),
        outputs=np.array([written for *_, written in _CALLS]),
    )
    return OpGraph(
        name="small",
        workload=Workload(),
        operators=(Op("aten::relu", (_WIDE,), (_WIDE,)),),
        modules=modules,
        stages=(stage,),
        components=(Component("transformer", 8, 16),),
        storage_bytes=np.full(6, _WIDE.nbytes, dtype=np.int64),
        storage_roles=np.full(6, int(StorageRole.ACTIVATION), dtype=np.int64),
    )


def _run(graph: OpGraph, stage: str) -> list[str]:
    """Calls of a stage as operator and last part of the module."""
    return [f"{op.name[6:]} {op.module.split('.')[-1]}" for op in graph.ops(graph.stage(stage))]


@pytest.fixture
def cached(graph) -> Callable[[str], OpGraph]:
    """Function: the graph with a step cache."""
    return lambda text: with_step_cache(graph, StepCache.parse(text), ("transformer",))


_ALL = ["relu x_embedder", "relu 0", "relu norm1", "relu ff", "relu transformer", "relu ff"]


def test_a_fixed_schedule_adds_what_the_blocks_added(cached):
    found = cached("0.4")
    assert [(stage.name, stage.repeats) for stage in found.stages] == [("transformer", 6), ("transformer_cached", 4)]
    assert _run(found, "transformer") == [*_ALL, "sub ff", "relu norm_out"]
    assert _run(found, "transformer_cached") == ["relu x_embedder", "relu 0", "add ff", "relu norm_out"]


def test_teacache_compares_the_input_of_the_first_block(cached):
    found = cached("teacache=0.25")
    compared = [f"{name} ff" for name in ("sub", "abs", "mean", "abs", "mean", "div")]
    assert [stage.repeats for stage in found.stages] == [8, 2]
    assert _run(found, "transformer") == [*_ALL[:2], "relu norm1", *_ALL[2:], *compared, "sub ff", "relu norm_out"]
    assert _run(found, "transformer_cached") == [*_ALL[:2], "relu norm1", *compared, "add ff", "relu norm_out"]


def test_the_first_block_runs_and_what_it_adds_is_compared(cached):
    found = cached("first_block=0.4")
    compared = [f"{name} ff" for name in ("sub", "sub", "abs", "mean", "abs", "mean", "div")]
    assert _run(found, "transformer_cached") == [*_ALL[:4], *compared, "add ff", "relu norm_out"]


def test_what_later_calls_read_is_what_is_added(cached):
    """The sum is written where the last block writes; what was kept is of the same size and outlives a run."""
    found = cached("0.5")
    (added,) = (op for op in found.ops(found.stage("transformer_cached")) if op.name == "aten::add")
    (kept,) = (op for op in found.ops(found.stage("transformer")) if op.name == "aten::sub")
    assert [tensor.storage for tensor in added.outputs] == [4]
    assert added.inputs[1].storage == kept.outputs[0].storage == 6
    assert found.storage_bytes[6] == _WIDE.nbytes
    assert found.storage_roles[6] == StorageRole.INPUT


def test_the_first_run_is_never_skipped(cached):
    assert [stage.repeats for stage in cached("0.99").stages] == [1, 9]
    assert [stage.name for stage in cached("0").stages] == ["transformer"]


def test_texts():
    assert str(StepCache.parse(" TeaCache = 0.40 ")) == "teacache=0.4"
    assert StepCache.parse("0.4") == StepCache.parse("fixed=0.4")


@pytest.mark.parametrize("text", ["1.5", "1", "-0.1", "nan", "teacache", "teacache=", "magic=0.5", ""])
def test_nonsense_is_one_line_that_says_what_would_be_valid(text):
    with pytest.raises(GraphError, match=r"step_cache.*(valid: teacache=SHARE|from 0 to below 1)") as error:
        StepCache.parse(text)
    assert "\n" not in str(error.value)


def test_a_denoiser_without_blocks_is_refused(graph):
    with pytest.raises(GraphError, match="small has no list of transformer blocks"):
        with_step_cache(graph, StepCache.parse("0.4"), ("unet",))
