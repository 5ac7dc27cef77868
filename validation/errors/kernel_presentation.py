"""Errors of predicted kernels as a table."""

from __future__ import annotations

from collections import Counter

from .kernels import KernelError, KernelErrors

__all__ = ["kernel_error_table", "skipped_lines"]


def kernel_error_table(errors: KernelErrors) -> str:
    """One line for each device, operator and dtype, the roofline's error beside ours, and what was left out."""
    wide = max((len(record.device) for record in errors.records), default=6)
    header = (
        f"{'device':<{wide}} {'operator':<34} {'dtype':<14} {'count':>6} {'MAPE':>7} {'>50 us':>7} {'>20 us':>7} "
        f"{'unseen':>7} {'>50 us':>7} {'median':>7} {'bias':>7} {'<=10 %':>7} "
        f"{'in range':>8} {'weighted':>8} {'roofline':>8}  source"
    )
    lines = [header, *(_line(record, wide) for record in errors.records)]
    lines += ["", "in range: share of unseen shapes whose measured time is in the 80 % range of the prediction"]
    left_out = skipped_lines(errors.skipped)
    return "\n".join([*lines, *([""] if left_out else []), *left_out]) + "\n"


def skipped_lines(skipped: Counter[str], what: str = "not predicted") -> list[str]:
    """Rows that were left out, counted by reason; nothing where there are none."""
    if not skipped:
        return []
    return [f"{what}: {skipped.total()} rows", *(f"{n:>6}  {reason}" for reason, n in skipped.most_common())]


def _line(r: KernelError, wide: int) -> str:
    shares = (
        r.mape,
        r.mape_over_50us,
        r.mape_over_20us,
        r.unseen_mape,
        r.unseen_mape_over_50us,
        r.median_ape,
        r.bias,
        r.within_10_percent,
    )
    return (
        f"{r.device:<{wide}} {r.op:<34} {r.dtype:<14} {r.count:>6} "
        + " ".join(_percent(share, 7) for share in shares)
        + f" {_percent(r.coverage, 8)} {_percent(r.time_weighted, 8)} {_percent(r.roofline_mape, 8)}  {r.source}"
    )


def _percent(share: float | None, width: int) -> str:
    return f"{'-':>{width}}" if share is None else f"{100 * share:>{width - 2}.1f} %"
