"""How long the main jobs take: ``pytest benchmarks``. Not collected by default; nothing passes or fails by time."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hw_specs import Accelerator, CalibrationPool, list_accelerators, load_accelerator
from simulator.cost import hardware_columns, kernel_times
from simulator.execution import EXECUTION_MODES, Execution
from simulator.lowering import assign_units, lower
from simulator.schedule.peak_memory import peak_memory
from simulator.simulation import simulate
from tracer.graph import OpGraph
from tracer.library.bundle import bundled_graph
from tracer.storage.graph_file import load_graph, save_graph
from tracer.workloads import find_pipeline

_LARGE = "qwen-image"  # the most calls of any bundled graph


@pytest.fixture(scope="session")
def stable_diffusion() -> OpGraph:
    return _bundled("stable-diffusion")


@pytest.fixture(scope="session")
def a100() -> Accelerator:
    return load_accelerator("a100")


def _bundled(name: str) -> OpGraph:
    graph = bundled_graph(name, find_pipeline(name).defaults)
    if graph is None:
        pytest.skip(f"the bundle has no {name}: trace bundle {name}")
    return graph


@pytest.mark.parametrize("mode", EXECUTION_MODES)
def test_simulate_with_a_graph_at_hand(benchmark, mode, stable_diffusion, a100):
    simulation = benchmark(simulate, stable_diffusion, a100, Execution(mode=mode))
    assert simulation.report.latency > 0


def test_simulate_a_large_graph(benchmark, a100):
    assert benchmark(simulate, _bundled(_LARGE), a100).report.latency > 0


def test_simulate_decoding(benchmark, a100):
    assert benchmark(simulate, _bundled("llama2-7b"), a100).report.latency > 0


@pytest.mark.parametrize("mode", EXECUTION_MODES)
def test_lower(benchmark, mode, stable_diffusion):
    def another() -> tuple[tuple[OpGraph, Execution], dict[str, object]]:
        return (replace(stable_diffusion), Execution(mode=mode)), {}  # what is known of a graph is kept

    assert len(benchmark.pedantic(lower, setup=another, rounds=10).kernels)


def test_peak_memory_of_a_large_graph(benchmark):
    graph = _bundled(_LARGE)
    assert benchmark.pedantic(peak_memory, setup=lambda: ((replace(graph), Execution()), {}), rounds=10) > 0


def test_read_a_graph(benchmark, stable_diffusion, tmp_path):
    save_graph(stable_diffusion, tmp_path / "graph.npz")
    assert benchmark(load_graph, tmp_path / "graph.npz") == stable_diffusion


def test_a_thousand_accelerators_at_once(benchmark, stable_diffusion, a100):
    table = assign_units(lower(stable_diffusion, Execution()).kernels, a100)
    hardware = hardware_columns([a100] * 1000, calibrations=CalibrationPool.shipped())
    costs = benchmark(kernel_times, table, hardware)
    assert costs.time.shape == (len(table), 1000)


def test_load_every_accelerator(benchmark):
    assert len(benchmark(lambda: [load_accelerator(name) for name in list_accelerators()])) >= 35


def test_trace_stable_diffusion(benchmark):
    pytest.importorskip("diffusers", reason="tracing needs torch and diffusers")
    from tracer.capture.pipelines import capture_pipeline

    pipeline = find_pipeline("stable-diffusion")
    graph = benchmark.pedantic(capture_pipeline, (pipeline, pipeline.defaults), rounds=3, warmup_rounds=1)
    assert graph.num_parameters > 0


def _command(*arguments: str, cache: Path) -> None:
    environment = os.environ | {"ROOFCAST_CACHE": str(cache)}
    command = [sys.executable, "-m", "simulator", *arguments]
    subprocess.run(command, check=True, capture_output=True, env=environment)  # noqa: S603


@pytest.mark.parametrize("model", ["make-a-video", "stable-diffusion", "llama2-7b"])
def test_cold_process_with_a_bundled_graph(benchmark, model, tmp_path):
    _bundled(model)
    arguments = ("--hw", "a100.yaml", "--model", model, "--format", "json")
    benchmark.pedantic(_command, arguments, {"cache": tmp_path}, rounds=5)


def test_cold_process_that_traces(benchmark, tmp_path):
    pytest.importorskip("diffusers", reason="tracing needs torch and diffusers")
    arguments = ("--hw", "a100.yaml", "--model", "stable-diffusion", "--batch", "2", "--no-cache")
    benchmark.pedantic(_command, arguments, {"cache": tmp_path}, rounds=2)
