"""Plots of a comparison."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw_specs import CalibrationPool
from hw_specs.output import OutputError
from simulator.views.figures import PlotError
from tracer.trace import Trace
from validation.errors.trace_plots import plot
from validation.errors.traces import compare


@pytest.mark.parametrize("name", ["a.png", "a.svg"])
def test_plots_are_written(measured_trace: Trace, tmp_path: Path, name: str) -> None:
    pytest.importorskip("matplotlib")
    plot(compare(measured_trace, calibrations=CalibrationPool.shipped()), tmp_path / name)
    assert (tmp_path / name).stat().st_size > 1000


def test_plots_that_cannot_be_written_are_refused(measured_trace: Trace, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = compare(measured_trace, calibrations=CalibrationPool.shipped())
    with pytest.raises(PlotError, match=r"cannot write \.txt; valid: \.png"):
        plot(found, tmp_path / "a.txt")
    with pytest.raises(OutputError, match="cannot write"):
        plot(found, tmp_path / "absent" / "a.png")
