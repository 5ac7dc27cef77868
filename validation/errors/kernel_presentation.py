"""Errors of predicted kernels as a table."""

from __future__ import annotations

from collections import Counter

from hw_specs.terminal.tables import counted, hanging, text_table

from .kernels import KernelError, KernelErrors

__all__ = ["kernel_error_table", "skipped_lines"]


def kernel_error_table(errors: KernelErrors) -> str:
    """One line for each device, operator and dtype, the roofline's error beside ours, and what was left out."""
    table = text_table(_COLUMNS, map(_cells, errors.records), left=3)
    meaning = hanging("", "in range: share of unseen shapes whose measured time is in the 80 % range of the prediction")
    left_out = skipped_lines(errors.skipped)
    return "\n".join([table, meaning, *([""] if left_out else []), *left_out]) + "\n"


_COLUMNS = (
    *("device", "operator", "dtype", "count", "MAPE", ">50 us", ">20 us", "unseen", ">50 us", "median", "bias"),
    *("<=10 %", "in range", "weighted", "roofline", "source"),
)


def skipped_lines(skipped: Counter[str], what: str = "not predicted") -> list[str]:
    """Rows that were left out, counted by reason; nothing where there are none."""
    if not skipped:
        return []
    return [f"{what}: {skipped.total()} rows", *counted(skipped)]


def _cells(r: KernelError) -> tuple[str, ...]:
    shares = (
        r.mape,
        r.mape_over_50us,
        r.mape_over_20us,
        r.unseen_mape,
        r.unseen_mape_over_50us,
        r.median_ape,
        r.bias,
        r.within_10_percent,
        r.coverage,
        r.time_weighted,
        r.roofline_mape,
    )
    return (r.device, r.op, r.dtype, str(r.count), *map(_percent, shares), r.source)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
