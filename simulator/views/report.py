"""Reports as tables, JSON and CSV. Nothing here computes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from simulator.energy.run import energy_line
from simulator.lowering.quantization import QuantizedWeights
from simulator.parallel.sharing import Sharing
from simulator.report import Entry, Report
from simulator.uncertainty.intervals import coverage_line

from .answer import bounds_text, print_answer
from .numbers import ends_text, entry_table, more_line, print_hanging, quantity

if TYPE_CHECKING:
    from rich.console import Console

    from simulator.profile.upgrade import Upgrade

__all__ = ["FORMATS", "LARGEST_MODULES", "notes", "print_report", "to_csv", "to_json"]

FORMATS = ("table", "json", "csv")
#: Modules that a report lists.
LARGEST_MODULES = 12


def to_json(report: Report) -> str:
    """JSON object with the fields of :class:`~simulator.report.Report`; quantities in SI units."""
    return json.dumps(report.to_dict(), indent=2, allow_nan=False)


def to_csv(report: Report) -> str:
    """One row for each part of each view: ``view, name, latency, flops, bytes, share, low, high``; SI units."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("view", "name", "latency", "flops", "bytes", "share", "low", "high"))
    whole = (report.interval.low, report.interval.high) if report.interval else (None, None)
    writer.writerow(("total", report.model, report.latency, report.flops, report.bytes, 1.0, *whole))
    views = (("stage", report.by_stage), ("category", report.by_category), ("module", report.by_module))
    for view, entries in views:
        for name, entry in entries.items():
            ends = report.part_intervals.get(f"by_{view}", {}).get(name)
            row = (entry.latency, entry.flops, entry.bytes, entry.share)
            writer.writerow((view, name, *row, ends and ends.low, ends and ends.high))
    return stream.getvalue()


def print_report(
    report: Report, console: Console, gains: Sequence[Upgrade] = (), modules: int = LARGEST_MODULES
) -> None:
    """The answer, and tables for people.

    Parameters
    ----------
    report : Report
    console : Console
    gains : sequence of Upgrade, optional
        What better resources would bring.
    modules : int, optional
        Rows of the table of modules, the largest first.
    """
    print_answer(report, console, gains)
    _print_facts(report, console)
    _print_stages(report, console)
    _print_categories(report, console)
    _print_modules(report, console, modules)
    _print_notes(report, console)


def _print_facts(report: Report, console: Console) -> None:
    """How it was run, and what the run comes to."""
    settings = ", ".join(f"{k} {v}" for k, v in report.workload.items() if v is not None)
    run = report.execution
    how = f"execution {run['mode']}, attention {run['attention']}, software {run['software']}"
    host = "" if report.host is None else "host {name}: {kind} of {year}, {processor}".format(**report.host)
    for line in filter(None, (settings, f"{how}, fidelity {report.fidelity}", host)):
        console.print(line, highlight=False)
    console.print()
    rows = (
        ("FLOPs", quantity(report.flops, "FLOP")),
        ("bytes moved", quantity(report.bytes, "B")),
        ("parameters", quantity(report.parameters, "")),
        *_quantization(report.quantized),
        ("peak memory", _memory(report)),
        *((("energy", energy_line(report.energy)),) if report.energy is not None else ()),
        *(_sharing_rows(report.sharing) if report.sharing is not None else ()),
    )
    for name, value in rows:
        print_hanging(console, name, value)
    console.print()


def _sharing_rows(sharing: Sharing) -> tuple[tuple[str, str], ...]:
    """What the devices of a run come to; all else is of one of them."""
    speed_up = "" if sharing.speed_up is None else f", speed-up {sharing.speed_up:.3g}"
    efficiency = "" if sharing.efficiency is None else f", efficiency {100 * sharing.efficiency:.0f} %"
    energy = "" if sharing.energy is None else f", {quantity(sharing.energy, 'J')} together"
    return (
        ("devices", f"{sharing.devices} ({sharing.parallel}){speed_up}{efficiency}{energy}; all else is of one"),
        (
            "messages",
            f"{quantity(sharing.exposed, 's')} shown, {quantity(sharing.hidden, 's')} hidden, "
            f"{quantity(sharing.sent, 'B')} sent by each",
        ),
    )


def _quantization(changed: QuantizedWeights | None) -> Iterator[tuple[str, str]]:
    """Lines of a heading on what a scheme of quantisation has changed."""
    if changed is None:
        return
    left = f" of {changed.layers + changed.layers_kept}" if changed.layers_kept else ""
    yield "quantised", f"{changed.title}: {changed.layers}{left} linear layers of {', '.join(changed.components)}"
    before, after = (quantity(size, "B") for size in (changed.bytes_before, changed.bytes_after))
    yield "", f"{quantity(changed.weights, '')} weights in {after}, which take {before} in the format of the run"


def _memory(report: Report) -> str:
    """The sum, and what holds it."""
    parts = asdict(report.memory)
    named = ", ".join(f"{name} {quantity(value, 'B', 3)}" for name, value in parts.items() if value)
    return f"{quantity(report.peak_memory, 'B')}   {named}"


def _print_stages(report: Report, console: Console) -> None:
    table = entry_table("stage", "runs", *_ENTRY_COLUMNS)
    for name, entry in report.by_stage.items():
        table.add_row(name, str(report.repeats.get(name, 1)), *_cells(report, "by_stage", name, entry))
    console.print(table)
    console.print()


def _print_categories(report: Report, console: Console) -> None:
    table = entry_table("operator category", *_ENTRY_COLUMNS, "bound by")
    for name, entry in report.by_category.items():
        table.add_row(
            name, *_cells(report, "by_category", name, entry), bounds_text(report.bound_by_category[name], most=2)
        )
    console.print(table)
    console.print()


def _print_modules(report: Report, console: Console, most: int) -> None:
    ranked = sorted(report.by_module.items(), key=lambda item: -item[1].latency)
    table = entry_table(f"module (largest {min(len(ranked), most)} of {len(ranked)})", *_ENTRY_COLUMNS)
    for name, entry in ranked[:most]:
        table.add_row(name, *_cells(report, "by_module", name, entry))
    console.print(table)
    left = [entry for _, entry in ranked[most:]]
    if left:
        console.print(more_line(len(left), sum(entry.share for entry in left)), highlight=False)
    console.print()


def _print_notes(report: Report, console: Console) -> None:
    basis = ", ".join(f"{100 * share:.0f} % {name}" for name, share in report.basis.items() if share > 0)
    console.print(f"basis of kernel times: {basis}", highlight=False)
    for note in notes(report):
        console.print(note, highlight=False)
    for item in report.unmodelled:
        console.print(
            f"unmodelled: {item.operator}, {item.calls} calls, {100 * item.share:.2f} % of all; "
            "its time is missing from the total",
            style="red",
            highlight=False,
        )


def notes(report: Report) -> tuple[str, ...]:
    """What is approximate in the numbers, in sentences."""
    if report.fidelity == "roofline":
        bound = "roofline: a lower bound from the datasheet alone; no overhead of kernels, launches or the host."
        return (*report.remarks, bound)
    return (
        *report.remarks,
        *_unchecked(report.quantized),
        *report.assumptions,
        *_waves(report),
        f"80 % intervals {coverage_line()}; those of parts are made alike, but of parts only denoisers were counted.",
        "approximate: the host's time for each operator is that of its class of processor; "
        "schedulers' own arithmetic is left out.",
    )


def _unchecked(changed: QuantizedWeights | None) -> Iterator[str]:
    """What no table measures of a scheme of quantisation."""
    if changed is not None and changed.unchecked:
        yield f"{changed.scheme}: mechanism only, unchecked: {changed.unchecked}."


def _waves(report: Report) -> Iterator[str]:
    """Where the number of cores stands close to the end of a wave, and the time on the device jumps there."""
    steps = report.core_steps
    changes = {} if steps is None else {"fewer": steps.fewer, "more": steps.more}
    for which, change in changes.items():
        if abs(change) > _JUMP:
            yield (
                f"a wave of blocks ends here: 1 % {which} cores change the kernels' time by {100 * change:+.1f} %, "
                "so do slightly other sizes."
            )


#: Change by 1 % of the cores that is a jump. [1]
_JUMP = 0.03

_ENTRY_COLUMNS = ("latency", "80 % interval", "share", "FLOPs", "bytes")


def _cells(report: Report, view: str, name: str, entry: Entry) -> tuple[str, ...]:
    ends = report.part_intervals.get(view, {}).get(name)
    return (
        quantity(entry.latency, "s"),
        ends_text(ends),
        f"{100 * entry.share:.1f} %",
        quantity(entry.flops, "FLOP"),
        quantity(entry.bytes, "B"),
    )
