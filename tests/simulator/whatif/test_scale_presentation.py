"""A workload along an axis as a table and as a picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.schedule.pieces import BoundShares
from simulator.views.terminal import captured
from simulator.whatif.exponents import Knee
from simulator.whatif.scale import Growth, ScaledRun
from simulator.whatif.scale_presentation import plot_growth, print_growth


def _run(value: int, energy: float | None = 10.0) -> ScaledRun:
    return ScaledRun(
        value=value,
        latency=0.5 * value,
        interval=(0.4 * value, 0.6 * value),
        throughput=2.0,
        energy=energy,
        peak_memory=10**9 * value,
        activations=10**8 * value,
        fits=value < 4,
        bound=BoundShares(compute=0.7, memory=0.3, launch=0.0),
    )


@pytest.fixture
def growth() -> Growth:
    return Growth(
        model="toy",
        accelerator="Part",
        axis="batch",
        runs=(_run(1), _run(2), _run(4)),
        exponents={"latency": 1.0, "activations": 1.0},
        knee=Knee(size=2.0, before=0.1, after=0.9),
        largest_that_fits=3,
        memory_capacity=3_500_000_000,
    )


def test_the_table_has_a_row_a_value_and_keeps_to_80_columns(growth) -> None:
    text = captured(lambda console: print_growth(growth, console, ["a remark"]), width=80)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[5].split()[:9] == ["4", "2", "s", "1.6", "to", "2.4", "s", "2", "4"]
    assert "no" in lines[5].split()
    assert "Exponents of the batch: latency 1.00, activation memory 1.00." in lines
    assert "Knee of the latency near 2: exponent 0.10 below, 0.90 above." in lines
    assert "The largest batch that fits into 3.5 GB is 3." in lines
    assert lines[-1] == "a remark"


@pytest.mark.parametrize("energy", [10.0, None])
def test_the_picture_is_written(growth, tmp_path: Path, energy: float | None) -> None:
    pytest.importorskip("matplotlib")
    from dataclasses import replace

    plot_growth(replace(growth, runs=(_run(1, energy), _run(2, energy))), tmp_path / "growth.png")
    assert (tmp_path / "growth.png").stat().st_size > 10_000
