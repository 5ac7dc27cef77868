"""Fixtures of the simulator's tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from hw_specs import load_accelerator
from simulator.simulation import Simulation, simulate
from tracer.graph import Component, Op, OpGraph, Stage, StorageRole, TensorSpec, Workload
from tracer.library.bundle import bundled_graph
from tracer.workloads import find_pipeline

GraphMaker = Callable[..., OpGraph]


def _distinct(tensors: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
    return tuple(replace(t, storage=-1) for t in tensors)


def _column(values: Sequence[int]) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@pytest.fixture(scope="session")
def make_graph() -> GraphMaker:
    """Function that builds a graph of one stage from its calls, whose tensors name their storages."""

    def make(
        calls: Sequence[Op],
        *,
        roles: Mapping[int, StorageRole] | None = None,
        sizes: Mapping[int, int] | None = None,
        repeats: int = 1,
        grown: Sequence[Op] | None = None,
        parameters: int = 0,
    ) -> OpGraph:
        operators: dict[Op, int] = {}
        modules: dict[str, int] = {}
        tensors = [t for op in (grown or calls) for t in (*op.inputs, *op.outputs)]
        largest: dict[int, int] = dict.fromkeys(range(max((t.storage for t in tensors), default=-1) + 1), 0)
        for tensor in tensors:
            largest[tensor.storage] = max(largest[tensor.storage], tensor.nbytes)
        largest |= sizes or {}
        made = dict.fromkeys(largest, StorageRole.INPUT)
        made |= {t.storage: StorageRole.ACTIVATION for op in calls for t in op.outputs}
        made |= roles or {}

        def intern(op: Op) -> int:
            bare = Op(op.name, _distinct(op.inputs), _distinct(op.outputs), op.attributes)
            return operators.setdefault(bare, len(operators))

        stage = Stage(
            name="stage",
            component="model",
            repeats=repeats,
            operators=_column([intern(op) for op in calls]),
            modules=_column([modules.setdefault(op.module, len(modules)) for op in calls]),
            inputs=_column([t.storage for op in (grown or calls) for t in op.inputs]),
            outputs=_column([t.storage for op in (grown or calls) for t in op.outputs]),
            grown=None if grown is None else _column([intern(op) for op in grown]),
        )
        return OpGraph(
            name="hand-made",
            workload=Workload(dtype="float16"),
            operators=tuple(operators),
            modules=tuple(modules),
            stages=(stage,),
            components=(Component("model", parameters, 2 * parameters),),
            storage_bytes=_column(list(largest.values())),
            storage_roles=_column([int(made[s]) for s in largest]),
        )

    return make


@pytest.fixture(scope="session")
def stable_diffusion_run() -> Simulation:
    """Stable Diffusion at its defaults on an A100, simulated once for all tests of what shows it."""
    graph = bundled_graph("stable-diffusion", find_pipeline("stable-diffusion").defaults)
    if graph is None:
        pytest.skip("the bundle has no such graph")
    return simulate(graph, load_accelerator("a100"))


@pytest.fixture(scope="session")
def decoder_run() -> Simulation:
    """A language model whose decoding stage grows, on an A100."""
    graph = bundled_graph("llama2-7b", find_pipeline("llama2-7b").defaults)
    if graph is None:
        pytest.skip("the bundle has no such graph")
    return simulate(graph, load_accelerator("a100"))
