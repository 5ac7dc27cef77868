from __future__ import annotations

import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.simulation import Simulation, simulate
from simulator.views.explanation import UnknownKernelError, explain_operator, render_explanations
from tracer.library.graphs import graph_of


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(graph_of("stable-diffusion", {}), load_accelerator("a100"), calibrations=CalibrationPool.shipped())


@pytest.mark.parametrize("name", ["gemm", "aten::mm", "attn1.to_q", "MATMUL"])
def test_kernels_are_found_by_kernel_operator_module_and_family(simulation: Simulation, name: str) -> None:
    first, *rest = explain_operator(simulation, name)
    assert first.kernel == "gemm"
    assert all(first.total >= other.total for other in rest)
    assert len(rest) <= 2


def test_the_explained_time_is_the_time_of_the_report(simulation: Simulation) -> None:
    (item,) = explain_operator(simulation, "conv_in", most=1)
    time = next(term.value for term in item.terms if term.name == "time")
    assert isinstance(time, float)
    assert time * item.launches == pytest.approx(item.total)


def test_every_term_says_how_it_came_about(simulation: Simulation) -> None:
    (item,) = explain_operator(simulation, "fused_attention", most=1)
    assert all(term.formula for term in item.terms)
    text = render_explanations([item])
    assert "roofline: matrix" in text
    assert "fused_attention of aten::scaled_dot_product_attention" in text


def test_a_launch_has_a_range_with_its_grounds(simulation: Simulation) -> None:
    (item,) = explain_operator(simulation, "to_q", most=1)
    assert item.low is not None
    assert item.high is not None
    assert item.low < item.total / item.launches < item.high
    text = render_explanations([item])
    assert "80 % range of one launch" in text
    assert "unseen shapes on this part" in text


def test_a_bound_has_no_range() -> None:
    bound = simulate(
        graph_of("stable-diffusion", {}),
        load_accelerator("a100"),
        fidelity="roofline",
        calibrations=CalibrationPool.shipped(),
    )
    (item,) = explain_operator(bound, "to_q", most=1)
    assert (item.low, item.high) == (None, None)
    assert "80 % range" not in render_explanations([item])


def test_an_unknown_name_lists_the_kernels(simulation: Simulation) -> None:
    with pytest.raises(UnknownKernelError, match="fused_attention") as caught:
        explain_operator(simulation, "teleportation")
    assert "\n" not in str(caught.value)
