"""Kernels as points of a roofline, and ceilings."""

import pytest

from hw_specs import load_accelerator
from simulator.profile.kernels import ceilings, kernel_points
from simulator.simulation import simulate


def test_points_have_all_the_time_of_the_kernels(stable_diffusion_run):
    points = kernel_points(stable_diffusion_run)
    table, time = stable_diffusion_run.kernels, stable_diffusion_run.costs.time[:, 0]
    assert sum(p.total for p in points) == pytest.approx(float((table.count * time).sum()))
    assert [p.total for p in points] == sorted((p.total for p in points), reverse=True)
    assert len({p.row for p in points}) == len(points)


def test_a_point_is_what_its_row_says(stable_diffusion_run):
    point = kernel_points(stable_diffusion_run)[0]
    table = stable_diffusion_run.kernels
    assert point.kernel == table.name[point.row]
    assert point.operations == table.matrix_flops[point.row] + table.vector_flops[point.row]
    assert point.intensity == point.operations / point.bytes
    assert point.rate == pytest.approx(point.operations / point.time)
    assert point.bandwidth == pytest.approx(point.bytes / point.time)
    assert point.stage in stable_diffusion_run.report.by_stage
    assert point.category in stable_diffusion_run.report.by_category
    assert sum(point.held_back.values()) == pytest.approx(1.0, abs=0.04)
    assert list(point.terms.values()) == sorted(point.terms.values(), reverse=True)


def test_no_kernel_is_above_the_ceiling_of_the_units(stable_diffusion_run):
    """989 and 312 TFLOP/s are NVIDIA's; here 312 of the A100 in fp16, 19.5 of its vector units."""
    found = {c.name: c for c in ceilings(stable_diffusion_run)}
    assert found["matrix units, fp16"].rate == 312e12
    assert found["vector units, fp32"].rate == 19.5e12
    assert found["DRAM"].rate == load_accelerator("a100").memory.dram.bandwidth
    assert not found["DRAM, reached"].published
    assert found["DRAM, reached"].rate <= found["DRAM"].rate
    assert max(p.rate for p in kernel_points(stable_diffusion_run)) <= 312e12


def test_a_bound_has_terms_of_the_roofline_alone(stable_diffusion_run):
    graph = stable_diffusion_run.launches.graph
    points = kernel_points(simulate(graph, load_accelerator("a100"), fidelity="roofline"))
    assert all(p.time == pytest.approx(max(p.terms.values())) for p in points)
    assert {p.basis for p in points} == {"datasheet"}
