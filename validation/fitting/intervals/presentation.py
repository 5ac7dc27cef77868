"""Factors of prediction intervals as text."""

from __future__ import annotations

from simulator.uncertainty.intervals import IntervalFactors
from simulator.uncertainty.ratios import RatioFactors

__all__ = ["interval_text", "ratio_interval_text"]


def interval_text(factors: IntervalFactors) -> str:
    """Factor, coverage on unseen devices, the same by basis, and the factor without each device."""
    f = factors
    lines = [
        f"factor {f.factor:.3f} of the deviation, with {100 * f.scatter:.1f} % of scatter among sources: from "
        f"{f.count} published runs on {len(f.devices)} devices, each device alike",
        f"coverage on the device left out: {100 * f.coverage:.1f} % (standard error {100 * f.coverage_error:.1f} %, "
        f"nominal {100 * f.level:.0f} %)",
        "",
        f"{'basis of most kernels':<24} {'devices':>8} {'runs':>6} {'coverage':>9} {'half width':>11}",
    ]
    lines += [
        f"{name:<24} {c.devices:>8} {c.runs:>6} {100 * c.coverage:>7.1f} % {100 * c.half_width:>9.1f} %"
        for name, c in f.by_basis.items()
    ]
    lines += ["", f"{'factor of class':<60} {'factor':>8}"]
    lines += [f"{', '.join(filter(None, (c.maker, c.way, c.family))):<60} {c.factor:>8.3f}" for c in f.by_class]
    lines += ["", f"{'without':<24} {'factor':>8} {'scatter':>9}"]
    lines += [f"{name:<24} {w.factor:>8.3f} {100 * w.scatter:>7.1f} %" for name, w in f.without.items()]
    return "\n".join(lines) + "\n"


def ratio_interval_text(factors: RatioFactors) -> str:
    """Factor of ratios by kind of change, and coverage on accelerators left out."""
    lines = [
        f"ratios of two runs (nominal {100 * factors.level:.0f} %)",
        f"{'change':<16} {'pairs':>6} {'groups':>7} {'factor':>8} {'scatter':>9} {'coverage':>10} {'error':>8}",
    ]
    lines += [
        f"{name:<16} {f.count:>6} {f.groups:>7} {f.factor:>8.3f} {100 * f.scatter:>7.1f} % {100 * f.coverage:>8.1f} % "
        f"{100 * f.coverage_error:>6.1f} %"
        for name, f in factors.changes.items()
    ]
    if factors.variants is not None:
        v = factors.variants
        lines += [
            f"{'variant':<16} {v.count:>6} {v.groups:>7} {v.factor:>8.3f} {100 * v.scatter:>7.1f} % "
            f"{100 * v.coverage:>8.1f} % {100 * v.coverage_error:>6.1f} %   (scatter a unit of log distance)"
        ]
    return "\n".join(lines) + "\n"
