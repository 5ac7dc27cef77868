"""Sums of calls that were measured on two devices."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hw_specs import CalibrationPool
from validation.errors.projected_runs import projected_runs
from validation.measured.tables import read_measured

SHIPPED = CalibrationPool.shipped()


def test_every_pair_is_projected_with_and_without_the_calibration_of_its_target(
    synthetic_file: Callable[[str, float], Path],
) -> None:
    tables = [read_measured(synthetic_file(name, 0.4)) for name in ("NVIDIA H100 SXM", "NVIDIA A100-SXM4-80GB")]
    runs = projected_runs(tables, SHIPPED, runs=3)
    assert len(runs) == 2 * 3 * 2
    assert {(run.source, run.withheld) for run in runs} == {
        (name, withheld) for name in ("H100-SXM5-80GB", "A100-SXM4-80GB") for withheld in (False, True)
    }
    for run in runs:
        assert 1 <= run.calls <= 48
        assert run.variance > 0
        assert not run.alike
        assert run.error == pytest.approx(math.log(run.projected / run.measured))
    known, unseen = (np.mean([run.variance for run in runs if run.withheld == w]) for w in (False, True))
    assert known < unseen
    assert runs == projected_runs(tables, SHIPPED, runs=3)


def test_one_device_alone_has_no_pair(synthetic_file: Callable[[str, float], Path]) -> None:
    assert projected_runs([read_measured(synthetic_file("NVIDIA H100 SXM", 0.4))], SHIPPED) == []
