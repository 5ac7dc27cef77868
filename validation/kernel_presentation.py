"""Errors of predicted kernels as a table."""

from __future__ import annotations

from .kernel_errors import KernelError, KernelErrors

__all__ = ["kernel_error_table"]


def kernel_error_table(errors: KernelErrors) -> str:
    """One line for each device, operator and dtype, the roofline's error beside ours, and what was left out."""
    header = (
        f"{'device':<22} {'operator':<34} {'dtype':<14} {'count':>6} {'MAPE':>7} {'>50 us':>7} {'>20 us':>7} "
        f"{'unseen':>7} {'median':>7} {'bias':>7} {'<=10 %':>7} {'in range':>8} {'weighted':>8} {'roofline':>8}"
    )
    lines = [header, *(_line(record) for record in errors.records)]
    lines += ["", "in range: share of unseen shapes whose measured time is in the 80 % range of the prediction"]
    if errors.skipped:
        lines += ["", f"not predicted: {sum(errors.skipped.values())} rows"]
        lines += [f"{count:>6}  {reason}" for reason, count in errors.skipped.most_common()]
    return "\n".join(lines) + "\n"


def _line(r: KernelError) -> str:
    shares = (
        r.mape,
        r.mape_over_50us,
        r.mape_over_20us,
        r.unseen_mape,
        r.median_ape,
        r.bias,
        r.within_10_percent,
    )
    return (
        f"{r.device:<22} {r.op:<34} {r.dtype:<14} {r.count:>6} "
        + " ".join(_percent(share, 7) for share in shares)
        + f" {_percent(r.coverage, 8)} {_percent(r.time_weighted, 8)} {_percent(r.roofline_mape, 8)}"
    )


def _percent(share: float | None, width: int) -> str:
    return f"{'-':>{width}}" if share is None else f"{100 * share:>{width - 2}.1f} %"
