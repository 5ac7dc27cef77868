from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_specs import CalibrationPool, load_accelerator
from simulator.simulation import simulate
from simulator.uncertainty.components import (
    ErrorComponents,
    accelerator_correlation,
    changed_share,
    ratio_variance,
    single_components,
)
from tracer.library.graphs import graph_of

SHIPPED = CalibrationPool.shipped()


def components(
    common: tuple[float, ...] = (0.3, 0.4), single: dict[str, float] | None = None, host: float = 0.0, rho: float = 0.5
) -> ErrorComponents:
    return ErrorComponents(common=np.array(common), single=dict(single or {}), host=host, correlation=rho)


def test_the_variance_by_hand() -> None:
    # Groups: 0.5 * (0.3 + 0.4)^2 + 0.5 * (0.09 + 0.16) = 0.37; kernels 0.01 + 0.04; host 0.01.
    run = components(single={"a": 0.1, "b": 0.2}, host=0.1)
    assert run.variance() == pytest.approx(0.37 + 0.05 + 0.01)


def test_what_two_runs_on_one_accelerator_share_cancels() -> None:
    one = components((0.3, 0.1), {"a": 0.1, "b": 0.2}, 0.1)
    two = components((0.1, 0.1), {"b": 0.1, "c": 0.3}, 0.3)
    # Groups differ by (0.2, 0), kernels by 0.1, 0.1 and -0.3, the host by 0.2.
    assert ratio_variance(one, two, accelerators_alike=1.0) == pytest.approx(0.04 + 0.01 + 0.01 + 0.09 + 0.04)


def test_errors_of_two_accelerators_are_as_alike_as_said_and_those_of_single_kernels_not_at_all() -> None:
    one, two = components((0.3,), {"a": 0.1}, 0.1), components((0.2,), {"a": 0.1}, 0.1)
    # 0.09 + 0.04 - 2 * 0.5 * 0.06 for the group, twice 0.01 for the kernel, nothing for the host.
    assert ratio_variance(one, two, accelerators_alike=0.5) == pytest.approx(0.07 + 0.02)


def test_errors_of_different_hosts_do_not_cancel() -> None:
    one, two = components(host=0.1), components(host=0.3)
    shared = ratio_variance(one, two, accelerators_alike=1.0)
    apart = ratio_variance(one, two, accelerators_alike=1.0, one_host=False)
    assert (shared, apart) == pytest.approx((0.04, 0.1))


shares = st.floats(0.0, 1.0)
runs = st.builds(lambda a, b, k, h: components((a, b), {"a": k}, h), shares, shares, shares, shares)


@given(runs, runs, st.floats(0.0, 1.0))
def test_a_ratio_is_never_less_certain_than_both_runs_together(
    one: ErrorComponents, two: ErrorComponents, alike: float
) -> None:
    variance = ratio_variance(one, two, accelerators_alike=alike)
    assert 0.0 <= variance <= one.variance() + two.variance() + 1e-12
    assert ratio_variance(one, one, accelerators_alike=1.0) == pytest.approx(0.0, abs=1e-12)


def test_launches_of_one_kernel_are_off_together() -> None:
    assert single_components(["a", "b", "a"], np.array([0.1, 0.2, 0.3])) == pytest.approx({"a": 0.4, "b": 0.2})


def test_components_of_a_run_have_its_deviation() -> None:
    simulation = simulate(graph_of("stable-diffusion", {}), load_accelerator("a100"), calibrations=SHIPPED)
    deviation = simulation.deviation
    assert deviation is not None
    unet = simulation.positions_of("unet")
    for positions in (None, unet):
        components_ = deviation.components(positions)
        assert math.sqrt(components_.variance()) == pytest.approx(deviation.relative(positions))


def test_alike_are_errors_of_architectures_that_were_left_out_together() -> None:
    assert accelerator_correlation(CalibrationPool.empty()) == 0.0
    assert 0.0 <= accelerator_correlation(SHIPPED) <= 1.0


def test_the_share_that_changes_by_hand() -> None:
    one = replace(components(), times={"a": 2.0, "b": 1.0, "waiting": 0.5})
    two = replace(components(), times={"a": 2.0, "c": 0.5})
    # b, c and the waiting differ: (1 + 0.5 + 0.5) of 3.5 + 2.5.
    assert changed_share(one, two) == pytest.approx(2.0 / 6.0)
    assert changed_share(one, one) == 0.0
    assert changed_share(components(), components()) == 1.0
