"""Errors of projections between devices that were both measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from hw_specs import CalibrationPool
from validation.errors.projections import projection_errors, render_errors, summary
from validation.measured.tables import MeasuredKernels, read_measured

SHIPPED = CalibrationPool.shipped()


@pytest.fixture
def tables(synthetic_file: Callable[[str, float], Path]) -> list[MeasuredKernels]:
    """Additions on two devices, both slower than the model's defaults say, by shares that are alike."""
    files = [synthetic_file("NVIDIA H100 SXM", 0.4), synthetic_file("NVIDIA A100-SXM4-80GB", 0.4)]
    return [read_measured(path) for path in files]


def test_an_error_that_both_share_cancels_in_the_ratio(tables: list[MeasuredKernels]) -> None:
    errors = projection_errors(tables, calibrations=SHIPPED)
    assert [(e.source, e.target) for e in errors] == [
        ("H100-SXM5-80GB", "A100-SXM4-80GB"),
        ("A100-SXM4-80GB", "H100-SXM5-80GB"),
    ]
    for error in errors:
        assert error.calls == 60
        assert error.ratio < error.direct
        assert error.combined < error.direct
        assert abs(error.ratio_total) < abs(error.direct_total)
        assert error.correlation > 0.5


def test_a_target_may_be_predicted_as_if_never_measured(tables: list[MeasuredKernels]) -> None:
    held = projection_errors(tables, withhold_target=True, calibrations=SHIPPED)
    assert len(held) == 2
    assert held[0].to_dict()["op"] == "aten::add"


def test_one_device_has_nobody_to_project_to(tables: list[MeasuredKernels]) -> None:
    assert projection_errors(tables[:1], calibrations=SHIPPED) == []


def test_means_by_operator_are_shown(tables: list[MeasuredKernels]) -> None:
    errors = projection_errors(tables, calibrations=SHIPPED)
    means = summary(errors)["aten::add (synthetic)"]
    assert means["calls"] == 120
    assert means["direct"] == pytest.approx((errors[0].direct + errors[1].direct) / 2)
    console = Console(width=120)
    with console.capture() as capture:
        render_errors(errors, console)
    assert "aten::add (synthetic)" in capture.get()
