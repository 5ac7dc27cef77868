from __future__ import annotations

import math
from dataclasses import replace

import pytest

from simulator.uncertainty.ratios import ANY
from validation.fitting.intervals.ratios import fit_ratio_factors
from validation.ratios.ratio import Ratio

NAMES = "abcdefgh"


def ratio(name: str, log_error: float, change: str = "batch", variance: float | None = 0.01) -> Ratio:
    return Ratio(
        change=change,
        slower="x",
        faster="y",
        subject="run",
        source="here",
        measured=1.0,
        predicted=math.exp(log_error),
        accelerators=tuple(name),
        variance=variance,
    )


def test_errors_as_large_as_their_deviation_leave_no_scatter_and_a_factor_of_one() -> None:
    factors = fit_ratio_factors(ratio(name, 0.1) for name in NAMES)
    batch = factors.of(("batch",))
    assert batch.scatter == pytest.approx(0.0, abs=2e-3)
    assert batch.factor == pytest.approx(1.0, abs=1e-3)
    assert (batch.coverage, batch.count, batch.groups) == (1.0, 8, 8)


def test_scatter_makes_up_for_what_errors_of_kernels_do_not_tell() -> None:
    # Errors of 0.3 beside a deviation of 0.1: the likeliest scatter is sqrt(0.09 - 0.01).
    batch = fit_ratio_factors(ratio(name, 0.3) for name in NAMES).of(("batch",))
    assert batch.scatter == pytest.approx(math.sqrt(0.08), abs=1e-3)


def test_a_group_counts_once_however_many_pairs_it_has() -> None:
    # Seven groups that are right, and one with a hundred pairs that are far off: 7/9 of the weight is inside at most.
    far = [ratio("h", 1.0) for _ in range(100)]
    batch = fit_ratio_factors([*(ratio(name, 0.1 * (i + 1)) for i, name in enumerate(NAMES[:7])), *far]).of(("batch",))
    assert batch.coverage == pytest.approx(7 / 8, abs=1e-3)


def test_too_few_groups_have_no_factor_of_their_own() -> None:
    few = [ratio(name, 0.1, change="attention") for name in NAMES[:3]]
    factors = fit_ratio_factors([*(ratio(name, 0.1) for name in NAMES), *few])
    assert set(factors.changes) == {ANY, "batch"}
    with pytest.raises(ValueError, match="more accelerators"):
        fit_ratio_factors(few)


def test_pairs_without_a_variance_take_no_part() -> None:
    unknown = [ratio(name, 3.0, variance=None) for name in NAMES]
    assert fit_ratio_factors([*(ratio(name, 0.1) for name in NAMES), *unknown]).of(("batch",)).count == 8


def test_variants_are_off_by_a_share_of_their_distance() -> None:
    """Pairs of one architecture alone, each off by a tenth of its distance."""
    from hw_specs import load_accelerator
    from hw_specs.hypothetical.distance import distance

    parts = [("A10", "RTX-3090"), ("RTX-3070", "RTX-A6000"), ("RTX-4080", "RTX-4090"), ("T4", "RTX-2080-Ti")]
    parts += [("L4", "L40"), ("V100-SXM2-16GB", "V100-PCIe-16GB"), ("H100-SXM5-80GB", "H100-PCIe-80GB")]
    pairs = []
    for names in parts:
        apart = distance(*map(load_accelerator, names))
        pairs.append(replace(ratio("x", 0.1 * apart, change="accelerator"), accelerators=names))
    far = replace(ratio("x", 3.0, change="accelerator"), accelerators=("T4", "A10"))
    variants = fit_ratio_factors([*pairs, far]).variants
    assert variants.scatter == pytest.approx(0.1, abs=1e-4)
    assert variants.factor == pytest.approx(1.0, abs=1e-3)
    assert (variants.count, variants.groups) == (7, 7)
    assert variants.coverage > 0.8


def test_without_pairs_of_one_architecture_nothing_is_known_of_variants() -> None:
    assert fit_ratio_factors(ratio(name, 0.1) for name in NAMES).variants is None
