"""Fixtures of the simulator's tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw_specs import load_accelerator
from simulator import __main__ as command_line
from simulator.simulation import Simulation, simulate
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.graph import Component, Op, OpGraph, Stage, StorageRole, TensorSpec, Workload
from tracer.library.bundle import bundled_graph
from tracer.storage.graph_file import save_graph
from tracer.storage.trace_file import save_trace
from tracer.trace import RunFacts
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


@pytest.fixture
def run(command):
    """Function that runs ``simulate`` with some arguments in this process."""
    return command("simulate", command_line.main)


@pytest.fixture
def graph_file(tmp_path, stable_diffusion_run) -> Path:
    """Graph file, so that nothing needs to be traced."""
    save_graph(stable_diffusion_run.launches.graph, tmp_path / "sd.npz")
    return tmp_path / "sd.npz"


def _trace() -> TraceBuilder:
    builder = TraceBuilder()
    arguments = RecordedArguments(shapes=[[4096, 4096], [4096, 4096]], types=["c10::Half"] * 2)
    builder.add_call("aten::mm", arguments, start=0, duration=50)
    return builder


@pytest.fixture
def trace_file(tmp_path) -> Path:
    """Trace of one product on an H100."""
    builder = _trace()
    builder.add_host_call("cudaLaunchKernel", start=30, duration=5, correlation=1)
    builder.add_kernel("gemm", start=200, duration=200_000, correlation=1)
    save_trace(builder.build("run", RunFacts(device="NVIDIA H100 80GB HBM3")), tmp_path / "run.trace")
    return tmp_path / "run.trace"


@pytest.fixture
def bare_trace_file(tmp_path) -> Path:
    """Trace of one product that says neither how long it took nor where."""
    save_trace(_trace().build("run", RunFacts()), tmp_path / "bare.trace")
    return tmp_path / "bare.trace"


@pytest.fixture
def specification(tmp_path) -> Callable[[str], Path]:
    """Function that writes a user's own accelerator, a changed A100."""

    def write(text: str) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(f"extends: a100_sxm4_80gb\nname: mine\nsources: [a guess]\n{text}")
        return path

    return write
