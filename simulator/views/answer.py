"""First lines of a report: how long, whether it fits, what holds it back, what would help, how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from simulator.uncertainty.relatives import UNMEASURED, relatives_line

from .numbers import long_time, print_hanging, quantity

if TYPE_CHECKING:
    from rich.console import Console

    from simulator.profile.upgrade import Upgrade
    from simulator.report import Report
    from simulator.schedule.pieces import BoundShares

__all__ = ["BASES_IN_WORDS", "WORTH_NAMING", "bounds_text", "print_answer", "throughput_text"]

#: What kernel times rest on, in words.
BASES_IN_WORDS = {
    "datasheet": "from the datasheet and mechanisms",
    "calibrated": "calibrated on this accelerator",
    "inherited": "calibrated on its relatives",
}
#: Speed-up from which a better resource is worth a word. [1]
WORTH_NAMING = 1.005

_BETTER = {
    "compute": "2x compute",
    "memory": "2x memory bandwidth",
    "power": "2x power limit",
    "link": "2x links",
    "launch": "half the gaps between kernels",
    "host": "2x faster host",
}
_MOST_NAMED = 3


def print_answer(report: Report, console: Console, gains: Sequence[Upgrade] = ()) -> None:
    """Answer of a run, in lines of no more than the console's width.

    Parameters
    ----------
    report : Report
    console : Console
    gains : sequence of Upgrade, optional
        What better resources would bring (:func:`simulator.profile.upgrades.upgrades`); no line on them without.
    """
    from rich.text import Text

    devices = "" if report.sharing is None else f"{report.sharing.devices} x "
    console.print(Text(f"{report.model} on {devices}{report.accelerator}", style="bold"), soft_wrap=True)
    console.print()
    for name, text in _lines(report, gains):
        style = "bold red" if name == "will it fit" and not report.fits else ""
        print_hanging(console, name, text, style)
    console.print()


def _lines(report: Report, gains: Sequence[Upgrade]) -> Iterator[tuple[str, str]]:
    yield "how long", _how_long(report)
    yield "will it fit", _fit(report)
    yield "held back by", bounds_text(report.bound)
    if gains:
        yield "would help", _help(gains)
    yield "how sure", _how_sure(report)


def _how_long(report: Report) -> str:
    outputs = f"; {throughput_text(report.throughput)}" if report.throughput else ""
    if report.interval is None:
        return f"at least {quantity(report.latency, 's')}{outputs}"
    i, words = report.interval, long_time(report.latency)
    ends = f"{quantity(i.low, 's')} to {quantity(i.high, 's')}"
    whole = f"{quantity(report.latency, 's')}{f' ({words})' if words else ''}"
    return f"{whole}, {100 * i.level:.0f} % interval {ends}{outputs}"


def _fit(report: Report) -> str:
    peak, capacity = (quantity(size, "B") for size in (report.peak_memory, report.memory_capacity))
    if report.fits:
        return f"yes: {peak} of {capacity}"
    return f"no, it does not fit: the part has {capacity} of memory, the run needs {peak}"


def _help(gains: Sequence[Upgrade]) -> str:
    """The run predicted anew with twice of one resource, those that bring most."""
    named = [gain for gain in gains if gain.speed_up > WORTH_NAMING][:_MOST_NAMED]
    if not named:
        return f"nothing much: twice of any one resource makes it less than {100 * (WORTH_NAMING - 1):.1f} % faster"
    return "the run is " + ", ".join(f"{gain.speed_up:.3g}x as fast with {_BETTER[gain.resource]}" for gain in named)


def _how_sure(report: Report) -> str:
    if report.interval is None:
        return "a lower bound from the datasheet alone"
    i = report.interval
    basis, share = max(report.basis.items(), key=lambda item: item[1])
    held = f"such intervals held {100 * i.coverage:.0f} % of {i.count} published runs {i.counted_on}"
    rests = f"{100 * share:.0f} % of the kernel time is {BASES_IN_WORDS[basis]}"
    warning = ""
    if report.unmeasured > UNMEASURED:
        warning = f"; {relatives_line(report.accelerator, report.line, report.unmeasured)}"
    return f"{held}; {rests}{warning}"


def bounds_text(shares: BoundShares, most: int | None = None) -> str:
    """Shares by what holds back, the largest first; at most so many."""
    named: Mapping[str, float] = asdict(shares)
    ranked = sorted(named.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in ranked[:most] if share >= 0.005)


def throughput_text(found: Mapping[str, float]) -> str:
    """Outputs in their units, and when the tokens of a language model come."""
    units = {
        "images_per_second": "images/s",
        "frames_per_second": "frames/s",
        "videos_per_hour": "videos an hour",
        "video_seconds_per_hour": "seconds of video an hour",
        "tokens_per_second": "tokens/s",
    }
    times = {"time_to_first_token": "first token after", "time_per_output_token": "then one each"}
    rates = [f"{found[name]:.4g} {unit}" for name, unit in units.items() if name in found]
    return ", ".join(
        [*rates, *(f"{text} {quantity(found[name], 's')}" for name, text in times.items() if name in found)]
    )
