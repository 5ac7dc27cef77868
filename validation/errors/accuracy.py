"""The accuracy page: every error table of the project, each with the datasheet roofline beside it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pydantic
import yaml

from hw_specs import CalibrationPool, load_accelerator
from hw_specs.calibration import ResidualSummary
from simulator.uncertainty.intervals import load_factors
from simulator.uncertainty.ratios import load_ratio_factors
from tracer.trace import TraceFormatError
from validation.measured.published.records import OF_WHOLE_RUNS, holds_kernels
from validation.published.case import CaseError, load_cases
from validation.published.errors import CaseResult, ErrorSummary, predict_cases, summarise
from validation.published.simulations import simulated
from validation.ratios.ratio import Ratio
from validation.ratios.ratio import summarise as summarise_ratios
from validation.ratios.tables import ratios_of_tables

from .kernels import KernelError, KernelErrors, kernel_errors
from .trace_comparison import TraceComparison
from .traces import compare_trace

__all__ = ["accuracy_page", "kernel_section", "ratio_section", "residual_section"]

Progress = Callable[[str], None]


class _Words(pydantic.BaseModel):
    """What the page says between its tables, from ``accuracy.yaml``."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    head: str
    ratios: str
    fitted: str
    not_fitted: str
    left_out: str
    residuals: str
    traces: str
    cases: str
    unknown: str


@functools.cache
def _words() -> _Words:
    text = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    return _Words.model_validate(yaml.safe_load(text))


def accuracy_page(folder: Path, calibrations: CalibrationPool, *, progress: Progress | None = None) -> str:
    """Text of the page.

    Parameters
    ----------
    folder : path
        With ``kernels/*.csv.gz`` and ``traces/*.csv.gz`` in the format of
        :func:`validation.measured.tables.read_measured`, and maybe ``published*.csv.gz`` of published runs and kernels;
        without them, ratios are of the cases that ship.
    calibrations : CalibrationPool
    progress : callable, optional
        Called with each piece of work.

    Raises
    ------
    CaseError
        The folder has no measured kernels.
    """
    say = progress or (lambda _: None)
    kernels = sorted((folder / "kernels").glob("*.csv.gz"))
    if not kernels:
        raise CaseError(f"{folder}: has no kernels/*.csv.gz; give a folder of measurements")
    published = sorted(folder.glob("published*.csv.gz"))
    ratios = ratios_of_tables(published, "AB", calibrations, progress=say).ratios
    say("ratios of kernels")
    ratios += ratios_of_tables(kernels, "AB", calibrations).ratios
    say("kernels")
    errors = kernel_errors([*kernels, *filter(holds_kernels, published)], calibrations=calibrations)
    del errors.skipped[OF_WHOLE_RUNS]
    say("traces")
    traces = _comparisons(sorted((folder / "traces").glob("*.csv.gz")), calibrations)
    cases = [case for case in load_cases() if case.grade == "A"]
    results, _ = predict_cases(cases, calibrations, simulations=simulated(cases, calibrations, progress=say))
    ratio_part = ratio_section(ratios)
    kernel_parts = (kernel_section(errors, calibrations), residual_section(calibrations))
    run_parts = (_trace_section(traces), _case_section(results, calibrations), _interval_section())
    words = _words()
    parts = (ratio_part, *kernel_parts, *run_parts, _basis_section(calibrations))
    return "\n".join([f"{words.head}\n", *parts, f"{words.unknown}\n"])


def _comparisons(paths: Iterable[Path], calibrations: CalibrationPool) -> list[tuple[TraceComparison, TraceComparison]]:
    """Calibrated and roofline comparison of each trace whose device is known."""
    pairs = []
    for path in paths:
        try:
            predicted = compare_trace(path, calibrations=calibrations)
            pairs.append((predicted, compare_trace(path, calibrations=calibrations, fidelity="roofline")))
        except TraceFormatError:
            continue
    return pairs


def ratio_section(ratios: Sequence[Ratio]) -> str:
    """Errors of the ratio of two runs that differ in one thing alone, by kind of change."""
    rows = [
        (s.change, f"{s.count:,}", _percent(s.median_ape), _signed(s.bias), _percent(s.ranked_right))
        for s in summarise_ratios(ratios)
    ]
    header = ("change", "pairs", "median error", "bias", "ranked right")
    return f"## Ratios\n\n{_words().ratios}\n\n{_table(header, rows, left=1)}"


def kernel_section(errors: KernelErrors, calibrations: CalibrationPool) -> str:
    """Errors of the rows that fits were made on, of all other rows, and the rows that have no prediction."""
    seen = {(f.device, f.source, f.op, f.dtype) for c in calibrations.members for f in c.evidence.fitted_on}
    fitted = [r for r in errors.records if (r.device, r.source, r.op, r.dtype) in seen]
    others = [r for r in errors.records if (r.device, r.source, r.op, r.dtype) not in seen]
    words = _words()
    parts = [f"## Kernels that calibrations were fitted on\n\n{words.fitted}\n\n{_fitted_table(fitted)}"]
    if others:
        parts.append(f"## Kernels that no fit saw\n\n{words.not_fitted}\n\n{_unfitted_table(others)}")
    if errors.skipped:
        reasons = [(reason, f"{count:,}") for reason, count in errors.skipped.most_common()]
        parts.append(f"{words.left_out}\n\n{_table(('reason', 'rows'), reasons, left=1)}")
    return "\n".join(parts)


def _fitted_table(records: Sequence[KernelError]) -> str:
    rows = [
        (
            r.device,
            r.op.removeprefix("aten::"),
            r.dtype,
            f"{r.count:,}",
            _percent(r.mape),
            _percent(r.mape_over_50us),
            _percent(r.unseen_mape),
            _percent(r.unseen_mape_over_50us),
            _signed(r.bias),
            _percent(r.within_10_percent),
            _percent(r.roofline_mape),
        )
        for r in records
    ]
    header = ("device", "operator", "dtype", "rows", "MAPE", "over 50 us", "unseen", "unseen, over 50 us", "bias")
    return _table((*header, "within 10 %", "roofline MAPE"), rows, left=3)


def _unfitted_table(records: Sequence[KernelError]) -> str:
    rows = [
        (
            r.device,
            r.source,
            r.op.removeprefix("aten::"),
            r.dtype,
            f"{r.count:,}",
            _percent(r.mape),
            _percent(r.mape_over_50us),
            _signed(r.bias),
            _percent(r.within_10_percent),
            _percent(r.roofline_mape),
        )
        for r in records
    ]
    header = ("device", "source", "operator", "dtype", "rows", "MAPE", "over 50 us", "bias", "within 10 %")
    return _table((*header, "roofline MAPE"), rows, left=4)


def residual_section(calibrations: CalibrationPool) -> str:
    """Errors on unseen shapes and on whole architectures that were left out, by calibration and parameter group."""
    rows = []
    for entry in calibrations.members:
        whole = [r for r in entry.evidence.residuals if r.regime == "all"]
        for group in dict.fromkeys(r.group for r in whole):
            mine = [r for r in whole if r.group == group]
            unseen = [r for r in mine if r.scope == "held_out_shapes"]
            left_out = [r for r in mine if r.scope == "left_out_device"]
            name = f"{entry.name}, preferred" if group in entry.calibration.preferred else entry.name
            rows.append((name, group, *_residual_cells(unseen), *_residual_cells(left_out)))
    header = ("architecture", "kernels", "rows", "unseen shapes: MAPE", "bias", "rows", "left out: MAPE", "bias")
    return f"## Unseen shapes and unseen accelerators\n\n{_words().residuals}\n\n{_table(header, rows, left=2)}"


def _residual_cells(summaries: Sequence[ResidualSummary]) -> tuple[str, str, str]:
    """Rows, mean error and bias; a calibration of several architectures has one summary of each."""
    if not summaries:
        return "-", "-", "-"
    mape = sum(s.mape for s in summaries) / len(summaries)
    bias = sum(s.bias for s in summaries) / len(summaries)
    return f"{sum(s.count for s in summaries):,}", _percent(mape), _signed(bias)


def _trace_section(pairs: Sequence[tuple[TraceComparison, TraceComparison]]) -> str:
    rows = [
        (
            c.trace,
            c.accelerator,
            f"{1e3 * c.measured_time:.2f} ms",
            _signed(c.total_error),
            _percent(c.time_weighted_error),
            _percent(c.mape),
            _percent(c.coverage),
            _percent(roofline.time_weighted_error),
        )
        for c, roofline in pairs
    ]
    header = ("trace", "accelerator", "measured", "error of total", "time-weighted", "MAPE", "coverage")
    return f"## Traces of whole models\n\n{_words().traces}\n\n{_table((*header, 'roofline, weighted'), rows, left=2)}"


def _case_section(results: Sequence[CaseResult], calibrations: CalibrationPool) -> str:
    views: tuple[tuple[str, Callable[[CaseResult], str]], ...] = (
        ("all", lambda r: "all"),
        ("model", lambda r: r.model),
        ("device", lambda r: f"{r.device} ({_basis(r.device, calibrations)})"),
        ("execution", lambda r: r.execution),
        ("dtype", lambda r: r.dtype),
    )
    tables = [_summary_table(name, summarise(results, key)) for name, key in views]
    return "\n".join([f"## Whole pipelines\n\n{_words().cases}\n", *tables])


def _basis(device: str, calibrations: CalibrationPool) -> str:
    """Whether kernels of an accelerator were measured."""
    name = load_accelerator(device).name
    return "kernels measured" if any(name in c.accelerators for c in calibrations.calibrations) else "inherited"


def _summary_table(name: str, summaries: Sequence[ErrorSummary]) -> str:
    rows = [
        (
            s.name,
            str(s.count),
            _percent(s.median_ape),
            _percent(s.mape),
            _signed(s.bias),
            _percent(s.within_10_percent),
            _percent(s.coverage),
            _percent(s.roofline_median_ape),
        )
        for s in summaries
    ]
    header = (name, "cases", "median", "mean", "bias", "within 10 %", "in 80 % interval", "roofline median")
    return _table(header, rows, left=1)


def _interval_section() -> str:
    f = load_factors()
    rows = [
        (name, str(c.devices), str(c.runs), _percent(c.coverage), _percent(c.half_width))
        for name, c in (*f.by_basis.items(), *((each.text, each) for each in f.classes))
    ]
    intro = (
        f"Every latency carries an {100 * f.level:.0f} % interval. Its factor is that of the run's class (maker of\n"
        "the accelerator, framework or engine, kind of output), which leans on the wider one where devices are few;\n"
        f"from {f.count} published runs on {len(f.devices)} devices:\n{', '.join(f.devices)}.\n"
        "Coverage is counted with factors that had seen neither the device of a run nor its workload: "
        f"**{100 * f.coverage:.1f} %**, standard\nerror {100 * f.coverage_error:.1f} % from device to device "
        "(`validate intervals`). Reports quote the\nnarrowest class of the prediction at hand. Half widths are of the\n"
        "logarithm. Ranges of single kernels (`simulate --explain`) are residual quantiles of the kernel's group, of\n"
        "its range of times and its basis; `validate kernels` counts how many unseen rows they hold."
    )
    table = _table(("basis of most kernels, or class", "devices", "runs", "coverage", "half width"), rows, left=1)
    return f"## Intervals\n\n{intro}\n\n{table}\n\n{_ratio_intervals()}"


def _ratio_intervals() -> str:
    factors = load_ratio_factors()
    rows = [
        (name, str(f.count), str(f.groups), _percent(f.coverage), _percent(f.scatter))
        for name, f in factors.changes.items()
    ]
    intro = (
        "A ratio of two runs (`simulate --versus`) has an interval of its own, in which errors that both share\n"
        "cancel. Coverage is counted on pairs of published runs with a factor that had seen none of their\n"
        "accelerators; *groups* are accelerators, or pairs of them; *scatter* is what a change of its kind brings "
        "beside errors of\nkernels."
    )
    return f"{intro}\n\n{_table(('change', 'pairs', 'groups', 'coverage', 'scatter'), rows, left=1)}"


def _basis_section(calibrations: CalibrationPool) -> str:
    rows = [
        (
            entry.name,
            f.device,
            f.op.removeprefix("aten::"),
            f.dtype,
            f.group,
            f"{f.count:,}",
            f"{f.held_out:,}",
            f.source,
        )
        for entry in calibrations.members
        for f in entry.evidence.fitted_on
    ]
    header = ("calibration", "device", "operator", "dtype", "parameters", "rows fitted", "rows kept out", "source")
    return f"## What is calibrated on what\n\n{_table(header, rows, left=5)}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], *, left: int) -> str:
    rule = ["---"] * left + ["--:"] * (len(header) - left)
    lines = [header, rule, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f} %"
