from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hw_specs import Accelerator, Calibration, CalibrationPool, Evidence, FittedCalibration, FittedOn
from hw_specs.calibration import ResidualSummary
from validation.errors.accuracy import accuracy_page, kernel_section, ratio_section, residual_section
from validation.errors.kernels import KernelError, KernelErrors
from validation.measured.tables import MeasuredKernels, read_tables
from validation.published.case import Case, CaseError, load_cases
from validation.ratios.ratio import ratio_of
from validation.ratios.tables import Ratios, ratios_of_tables

PAGE = Path(__file__).parents[3] / "ACCURACY.md"
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


def summary(scope: str, mape: float) -> ResidualSummary:
    return ResidualSummary.model_validate(
        {
            "group": "matmul",
            "scope": scope,
            "regime": "all",
            "count": 1234,
            "mape": mape,
            "bias": -0.012,
            "quantiles": {"0.5": 0.0},
        }
    )


def pool(**evidence: object) -> CalibrationPool:
    calibration = Calibration(name="x", parameters={}, sources=("s",))
    return CalibrationPool.of(FittedCalibration(calibration, Evidence(name="x", **evidence)))  # type: ignore[arg-type]


def test_unseen_shapes_and_left_out_parts_stand_beside_each_other() -> None:
    entry = pool(residuals=(summary("held_out_shapes", 0.05), summary("left_out_device", 0.2)))
    assert "| x | matmul | 1,234 | 5.0 % | -1.2 % | 1,234 | 20.0 % | -1.2 % |" in residual_section(entry)


def test_what_was_not_measured_is_a_dash() -> None:
    entry = pool(residuals=(summary("held_out_shapes", 0.05),))
    assert "| 5.0 % | -1.2 % | - | - | - |" in residual_section(entry)


def test_ratios_by_kind_of_change() -> None:
    """Measured 2 and 4, predicted 2.2 and 3: errors of + 10 and - 25 %."""
    ratios = [
        ratio_of("batch", ("1", 1.0, 1.0), ("2", *times), subject="run", source="here")
        for times in ((2.0, 2.2), (4.0, 3.0))
    ]
    section = ratio_section(ratios)
    assert section.startswith("## Ratios\n")
    assert "| batch | 2 | 17.5 % | -7.5 % | 100.0 % |" in section


def record(source: str, mape: float) -> KernelError:
    return KernelError(
        device="NVIDIA X",
        source=source,
        op="aten::mm",
        dtype="float16",
        count=3,
        mape=mape,
        mape_over_20us=None,
        mape_over_50us=None,
        median_ape=mape,
        bias=-0.02,
        within_10_percent=0.5,
        time_weighted=mape,
        roofline_mape=0.6,
        unseen_mape=None,
        unseen_mape_over_50us=None,
        coverage=None,
    )


def test_rows_that_no_fit_saw_stand_apart_and_those_without_a_prediction_are_counted() -> None:
    fitted = FittedOn(
        source="known", device="NVIDIA X", op="aten::mm", dtype="float16", group="matmul", count=3, mape=0.05
    )
    errors = KernelErrors(
        records=(record("known", 0.05), record("new", 0.25)), skipped=Counter({"no formula": 1976, "no peak": 2})
    )
    seen, unseen = kernel_section(errors, pool(fitted_on=(fitted,))).split("## Kernels that no fit saw")
    assert "| NVIDIA X | mm | float16 | 3 | 5.0 % | - | - | - | -2.0 % | 50.0 % | 60.0 % |" in seen
    assert "| NVIDIA X | new | mm | float16 | 3 | 25.0 % | - | -2.0 % | 50.0 % | 60.0 % |" in unseen
    assert "25.0 %" not in seen
    assert "5.0 %" not in unseen.replace("25.0 %", "")
    assert "| no formula | 1,976 |\n| no peak | 2 |" in unseen


def test_a_folder_without_kernels_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"has no kernels") as caught:
        accuracy_page(tmp_path, CalibrationPool.shipped())
    assert "\n" not in str(caught.value)


#: Models whose cases take half a minute to trace and predict together; those of all others take two more.
QUICK = ("flux-dev", "pixart-alpha", "sd2.1")


def checked(page: str) -> str:
    """The page without rows of whole runs, save those of the quick models."""
    head, ratios, *rest = re.split(r"(?=^## )", page, flags=re.MULTILINE)
    kept = [row for row in ratios.splitlines() if not row.startswith("| ") or row.startswith(("| change", "| kernels"))]
    position = next(i for i, section in enumerate(rest) if section.startswith("## Whole pipelines"))
    runs = [row for row in rest[position].splitlines() if row.startswith(tuple(f"| {model} |" for model in QUICK))]
    return "\n".join([head, *kept, *rest[:position], *runs, *rest[position + 1 :]])


@functools.cache
def _read_once(path: Path) -> tuple[MeasuredKernels, ...]:
    return read_tables(path)


def tables_of(path: Path, accelerator: Accelerator | None = None) -> tuple[MeasuredKernels, ...]:
    """Two sections of the page are about the same tables, which take long to read."""
    assert accelerator is None
    return _read_once(path)


def quick_cases() -> tuple[Case, ...]:
    return tuple(case for case in load_cases() if case.model in QUICK)


def test_the_page_is_current(measured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Same text, and every number within half a point: the last digit differs between builds of NumPy.

    Of whole runs only some are predicted: the workloads of all would take minutes to trace.
    """

    def ratios_of_kernels(files: Sequence[Path], *arguments: Any, **options: Any) -> Ratios:
        kernels = [path for path in files if path.parent.name == "kernels"]
        return (
            ratios_of_tables(kernels, *arguments, **options)
            if kernels
            else Ratios(ratios=(), runs_left_out=Counter(), rows_left_out=Counter())
        )

    for reader in ("validation.errors.kernels", "validation.ratios.kernels"):
        monkeypatch.setattr(f"{reader}.read_tables", tables_of)
    monkeypatch.setattr("validation.errors.accuracy.ratios_of_tables", ratios_of_kernels)
    monkeypatch.setattr("validation.errors.accuracy.load_cases", quick_cases)
    current, page = checked(accuracy_page(measured, CalibrationPool.shipped())), checked(PAGE.read_text())
    assert NUMBER.sub("#", current) == NUMBER.sub("#", page), "make it again: validate accuracy MEASURED -o ACCURACY.md"
    ours, theirs = (list(map(float, NUMBER.findall(text.replace(",", "")))) for text in (current, page))
    assert ours == pytest.approx(theirs, abs=0.5, rel=0.005)
