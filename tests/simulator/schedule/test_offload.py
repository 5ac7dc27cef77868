"""Weights that wait with the host: what moves when, by hand arithmetic and on a whole pipeline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hw_specs import apply_overrides, load_accelerator
from simulator.execution import OFFLOADS, Execution, ExecutionError
from simulator.lowering import lower
from simulator.schedule.offload import StageOffload, host_bandwidth, offload_plan, offload_waits, resident_bytes
from simulator.schedule.peak_memory import peak_memory
from simulator.simulation import simulate
from tracer.graph import StorageRole

_H100 = load_accelerator("h100")
_LINK = np.array([1e9])


def _plan(how: str, **changes) -> StageOffload:
    plan = StageOffload(
        how=how,
        position=np.array([0, 2]),
        to_device=np.array([0.82e9, 1.64e9]),
        tensors=np.array([0.0, 0.0]),
        to_host=0.0,
        repeats=1,
    )
    return replace(plan, **changes)


def test_what_is_copied_before_each_module_is_waited_for() -> None:
    waits = offload_waits(_plan("sequential", repeats=3), np.ones((4, 1)), _LINK)
    assert waits[:, 0] == pytest.approx([3.0, 0.0, 6.0, 0.0])


def test_what_goes_back_is_waited_for_too() -> None:
    waits = offload_waits(_plan("model", to_host=0.82e9), np.ones((4, 1)), _LINK)
    assert waits[:, 0] == pytest.approx([2.0, 0.0, 2.0, 0.0])


@pytest.mark.parametrize(("computes", "waits"), [(0.25, 1.5), (1.0, 0.0), (3.0, 0.0)])
def test_a_copy_hides_behind_the_module_before(computes: float, waits: float) -> None:
    elapsed = np.full((4, 1), computes)  # two launches before the second group
    assert offload_waits(_plan("group"), elapsed, _LINK)[:, 0] == pytest.approx([1.0, 0.0, waits, 0.0])


def test_every_weight_of_stable_diffusion_moves_as_often_as_it_should(stable_diffusion_graph) -> None:
    graph = stable_diffusion_graph
    weights = float(graph.storage_bytes[graph.storage_roles == StorageRole.PARAMETER].sum())
    size = {c.name: c.parameter_bytes for c in graph.components}
    model = offload_plan(lower(graph, Execution(offload="model")))
    assert sum(part.to_device.sum() for part in model) == graph.parameter_bytes
    assert [part.to_host for part in model] == [0, size["text_encoder"], size["unet"] + size["vae"]]
    parts = offload_plan(lower(graph, Execution(offload="sequential")))
    unet = next(part for part, stage in zip(parts, graph.stages, strict=True) if stage.name == "unet")
    assert unet.repeats == graph.stage("unet").repeats
    assert unet.to_device.sum() == pytest.approx(size["unet"], rel=1e-3)
    assert sum(part.to_device.sum() for part in parts) <= weights
    assert (np.diff(unet.position) >= 0).all()


def test_offloading_costs_time_and_saves_memory(stable_diffusion_graph) -> None:
    graph = stable_diffusion_graph
    runs = {how: simulate(graph, _H100, Execution(offload=how)).report for how in OFFLOADS}
    assert runs["none"].latency < runs["model"].latency < runs["sequential"].latency
    assert runs["none"].latency < runs["group"].latency < runs["sequential"].latency
    memory = [runs[how].peak_memory for how in ("none", "model", "group", "sequential")]
    assert memory == sorted(memory, reverse=True)
    assert runs["none"].bound.link == 0 < runs["model"].bound.link
    assert "three published runs" in runs["group"].remarks[-1]
    for run in runs.values():
        assert sum(entry.latency for entry in run.by_category.values()) == pytest.approx(run.latency)


@pytest.mark.parametrize("how", OFFLOADS[1:])
def test_a_wider_link_never_costs_time(how: str, stable_diffusion_graph) -> None:
    changes = ("links.pcie.bandwidth=0.05x", "links.pcie.bandwidth=0.5x", "links.pcie.bandwidth=8x")
    times = [
        simulate(stable_diffusion_graph, apply_overrides(_H100, [c]), Execution(offload=how)).report.latency
        for c in changes
    ]
    assert times == sorted(times, reverse=True)
    assert times[0] > times[-1]


def test_memory_of_whole_components(stable_diffusion_graph) -> None:
    graph = stable_diffusion_graph
    model = Execution(offload="model")
    assert resident_bytes(graph, graph.stage("unet"), model) == 2 * 859_520_964
    assert peak_memory(graph, model) < peak_memory(graph, Execution())


def test_a_part_without_a_link_to_its_host_is_refused() -> None:
    assert host_bandwidth(_H100) == pytest.approx(63.02e9)
    with pytest.raises(ExecutionError, match="states no link pcie"):
        host_bandwidth(load_accelerator("gb200"))
    with pytest.raises(ExecutionError, match="unknown offload 'disk'; valid: none, model"):
        Execution(offload="disk")
