"""Comparisons, scaling and sensitivities as pages. Nothing here computes."""

from __future__ import annotations

from collections.abc import Sequence

from hw_specs import Accelerator, CalibrationPool
from simulator.views.html.drawing import time_text
from simulator.views.html.page import Page
from simulator.views.html.printed_page import Range, printed_page, ranges_chart, with_ends

from .compare import ComparedRun, SideBySide
from .compare_presentation import print_side_by_side
from .scale import Growth, ScaledRun
from .scale_presentation import print_growth
from .sensitivity import FieldSensitivity, Sensitivity
from .sensitivity_presentation import print_sensitivity

__all__ = ["compare_page", "scale_page", "sensitivity_page"]


#: Accelerators, and the calibrations that each was predicted with.
Origins = Sequence[tuple[Accelerator, CalibrationPool]]

_FIELDS = 24


def _ratio(value: float) -> str:
    return f"{value:.3g}"


def compare_page(found: SideBySide, remarks: Sequence[str], command: str, origins: Origins = ()) -> Page:
    """Page of runs side by side."""
    fastest = min(found.runs, key=lambda run: run.latency)
    first = found.runs[0]
    said = f"{_name(fastest)} is the fastest of {len(found.runs)}: {time_text(fastest.latency)}"
    if fastest is not first:
        said += f", {fastest.ratio:.3g} times as fast as {_name(first)}"
    if fastest.ratio_interval is not None and fastest is not first:
        low, high = fastest.ratio_interval
        said += f" (80 % interval {low:.3g} to {high:.3g})"
    names = [f"{at} {_name(run)}" for at, run in enumerate(found.runs, start=1)]
    return printed_page(
        lambda console: print_side_by_side(found, console, remarks),
        title="Runs side by side",
        answer=f"{said}.",
        charts=[
            ranges_chart(
                "latencies",
                [_latency(name, run) for name, run in zip(names, found.runs, strict=True)],
                title="Latency",
                says="Latency of each run with its 80 % interval.",
                unit="latency [s]",
                text=time_text,
            ),
            ranges_chart(
                "speed-ups",
                [_gain(name, run) for name, run in zip(names, found.runs, strict=True)],
                title="Speed-up over the first run of its model",
                says="How many times as fast each run is, with its 80 % interval: errors that both share cancel.",
                unit="speed-up",
                text=_ratio,
                line=1.0,
            ),
        ],
        origins=origins,
        command=command,
    )


def _name(run: ComparedRun) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in run.settings.items() if value is not None)
    return f"{run.model} on {run.accelerator}{f', {settings}' if settings else ''}"


def _latency(name: str, run: ComparedRun) -> Range:
    low, high = run.interval or (None, None)
    return name, run.latency, low, high


def _gain(name: str, run: ComparedRun) -> Range:
    return with_ends(name, run.gain.ratio, run.gain.interval)


def scale_page(found: Growth, remarks: Sequence[str], command: str, origins: Origins = ()) -> Page:
    """Page of a workload along an axis."""
    first, last = found.runs[0], found.runs[-1]
    grown = f"{found.model} on {found.accelerator} takes {time_text(first.latency)} at {found.axis} {first.value}"
    rows = [_scaled(found.axis, run) for run in found.runs]
    chart = ranges_chart(
        "latencies",
        rows,
        title=f"Latency along the {found.axis}",
        says="Latency at each value with its 80 % interval.",
        unit="latency [s]",
        text=time_text,
    )
    return printed_page(
        lambda console: print_growth(found, console, remarks),
        title=f"{found.model} on {found.accelerator} along its {found.axis}",
        answer=f"{grown} and {time_text(last.latency)} at {last.value}.",
        charts=[chart],
        origins=origins,
        command=command,
    )


def _scaled(axis: str, run: ScaledRun) -> Range:
    low, high = run.interval or (None, None)
    return f"{axis} {run.value}", run.latency, low, high


def sensitivity_page(found: Sensitivity, remarks: Sequence[str], command: str, origins: Origins = ()) -> Page:
    """Page of what each field of an accelerator is worth."""
    fields = sorted(found.fields, key=lambda field: -field.gain_2x)
    best = fields[0] if fields else None
    helps = "" if best is None else f"; twice of {best.field} makes it {best.gain_2x:.3g} times as fast"
    rows = [_doubled(field) for field in fields[:_FIELDS]]
    chart = ranges_chart(
        "gains",
        rows,
        title="Speed-up with twice the field",
        says=f"The {len(rows)} fields of most worth, with 80 % intervals where there are any.",
        unit="speed-up",
        text=_ratio,
        line=1.0,
    )
    return printed_page(
        lambda console: print_sensitivity(found, console, remarks),
        title=f"{found.model} on {found.accelerator}: what each field is worth",
        answer=f"{found.model} takes {time_text(found.latency)} on {found.accelerator}{helps}.",
        charts=[chart],
        origins=origins,
        command=command,
    )


def _doubled(field: FieldSensitivity) -> Range:
    interval = None if field.speedup_2x is None else field.speedup_2x.interval
    return with_ends(field.field, field.gain_2x, interval)
