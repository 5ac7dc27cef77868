"""Errors of energies as tables for people. Nothing here computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from .ceilings import CeilingError
from .errors import OperatorEnergyError, RunEnergyError, RunEnergySummary, summarise_runs

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["print_energy"]


def print_energy(
    operators: Sequence[OperatorEnergyError],
    runs: Sequence[RunEnergyError],
    ceilings: Sequence[CeilingError],
    skipped: Mapping[str, int],
    console: Console,
) -> None:
    """Three tables: operators, whole generations, and sustained rates of power-limited boards."""
    _print_operators(operators, console)
    _print_runs(runs, console)
    _print_ceilings(ceilings, console)
    for reason, count in skipped.items():
        console.print(f"left out: {count} rows, {reason}", highlight=False)


def _print_operators(errors: Sequence[OperatorEnergyError], console: Console) -> None:
    table = _table("mean power of operators", "rows", "unseen", "error", "unseen", "bias", "always at the limit")
    for e in errors:
        table.add_row(
            f"{e.device} {e.op} {e.dtype}",
            str(e.seen),
            str(e.held_out),
            _percent(e.mape),
            _percent(e.held_out_mape),
            _signed(e.bias),
            _percent(e.always_limit_mape),
        )
    _print(table, console)


def _print_runs(errors: Sequence[RunEnergyError], console: Console) -> None:
    table = _table(
        "energy of generations",
        "measured",
        "power",
        "at measured time",
        "at predicted time",
        "as shipped",
        "other parts alone",
        "always at the limit",
        "in interval",
    )
    for e in errors:
        table.add_row(
            f"{e.device} {e.model} x {e.batch}",
            f"{e.energy:.4g} J",
            f"{e.power:.0f} W",
            _signed(e.at_measured_time),
            _signed(e.at_predicted_time),
            _signed(e.as_shipped),
            "" if e.other_parts is None else _signed(e.other_parts),
            _signed(e.always_limit),
            "yes" if e.inside else "no",
        )
    _print(table, console)
    for heading, key in _GROUPS:
        _print_summaries(heading, summarise_runs(errors, key), console)


_GROUPS: tuple[tuple[str, Callable[[RunEnergyError], str]], ...] = (
    ("energy of generations by device", lambda e: e.device),
    ("by device and pipeline", lambda e: f"{e.device} {e.model}"),
)


def _print_summaries(heading: str, summaries: Sequence[RunEnergySummary], console: Console) -> None:
    """Mean absolute errors; the first two energies are of a fit without the pipeline."""
    columns = ("runs", "latency", "at measured time", "at predicted time", "as shipped", "bias as shipped")
    table = _table(heading, *columns, "in interval")
    for s in summaries:
        shares = (s.latency_mape, s.at_measured_time, s.at_predicted_time, s.as_shipped)
        cells = (str(s.count), *map(_percent, shares), _signed(s.bias), _percent(s.inside))
        table.add_row(s.name, *cells)
    _print(table, console)


def _print_ceilings(errors: Sequence[CeilingError], console: Console) -> None:
    table = _table("sustained 16-bit matrix rate", "basis", "published", "predicted", "error", "limited", "in a fit")
    for e in errors:
        table.add_row(
            e.accelerator,
            e.basis,
            f"{e.measured / 1e12:.4g} TFLOP/s",
            f"{e.predicted / 1e12:.4g} TFLOP/s",
            _signed(e.error),
            "yes" if e.limited else "no",
            "yes" if e.fitted else "no",
        )
    _print(table, console)


def _print(table: Table, console: Console) -> None:
    if table.row_count:
        console.print(table)
        console.print()


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="bold")
    table.add_column(columns[0], no_wrap=True)
    for name in columns[1:]:
        table.add_column(name, justify="right")
    return table


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f} %"
