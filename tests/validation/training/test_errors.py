from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hw_specs import CalibrationPool
from validation.measured.records import MeasurementError
from validation.training.errors import StepErrors, StepResult, predict_steps, step_text, to_dict


def _result(*, error: float, trains: bool = False) -> StepResult:
    return StepResult(
        case="m-inf-8-1", device="V", trains=trains, compiled=False, measured=2.0, predicted=2.0 * (1 + error),
        low=1.9, high=2.1, unmodelled=0,
    )  # fmt: skip


def test_the_table_has_errors_by_kind_of_run_and_device() -> None:
    results = (_result(error=0.1), _result(error=-0.3), _result(error=0.02, trains=True))
    text = step_text(StepErrors(results=results, skipped=Counter({"unknown": 2})))
    line = next(line for line in text.splitlines() if line.startswith("forward "))
    assert line.split()[1:8] == ["2", "20.0", "%", "20.0", "%", "-10.0", "%"]
    assert "forward and backward     1  2.0 %" in text
    assert "not predicted: 2" in text


@pytest.mark.parametrize("width", [60, 80])
def test_tables_fit_where_they_are_printed(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = step_text(StepErrors(results=(_result(error=0.1),), skipped=Counter({"a reason " * 20: 2})))
    assert max(map(len, text.splitlines())) <= width
    assert "+10.0 %" in text


def test_plain_form_has_the_error() -> None:
    plain = to_dict(StepErrors(results=(_result(error=0.1),), skipped=Counter()))
    assert plain["results"][0]["error"] == pytest.approx(0.1)


def test_nothing_predicted_is_one_line() -> None:
    with pytest.raises(MeasurementError, match="no run could be predicted: unknown"):
        step_text(StepErrors(results=(), skipped=Counter({"unknown": 2})))


@pytest.mark.parametrize(("text", "problem"), [("case,device\n", "measured_ms"), ("a,b\n1,2\n", "case")])
def test_another_table_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(MeasurementError, match=f"no column .*{problem}|no column case"):
        predict_steps([path], CalibrationPool.shipped())


@pytest.mark.torch
def test_runs_are_predicted_and_others_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from validation.training import steps

    monkeypatch.setattr(steps, "_SIZES", {"tiny": ("gpt2", 2, 64, 4, 128)})
    path = tmp_path / "t.csv"
    path.write_text(
        "case,device,measured_ms\ntiny-train-16-1,V100-PCIE-32GB,10\nother-inf-8-1,T4,1\ntiny-inf-16-1,none,1\n"
    )
    errors = predict_steps([path], CalibrationPool.shipped())
    (result,) = errors.results
    assert (result.case, result.measured, result.unmodelled) == ("tiny-train-16-1", 0.01, 0)
    assert result.low < result.predicted < result.high
    assert errors.skipped.total() == 2
