"""Factors of prediction intervals as text."""

from __future__ import annotations

from hw_specs.terminal.tables import hanging, text_table
from simulator.uncertainty.intervals import IntervalFactors
from simulator.uncertainty.ratios import RatioFactor, RatioFactors

__all__ = ["interval_text", "ratio_interval_text"]


def interval_text(factors: IntervalFactors) -> str:
    """Factor, coverage on unseen devices, the same by basis, and the factor without each device."""
    f = factors
    lines = [
        hanging("", line)
        for line in (
            f"factor {f.factor:.3f} of the deviation, with {100 * f.scatter:.1f} % of scatter among sources: from "
            f"{f.count} published runs on {len(f.devices)} devices, each device alike",
            f"coverage on the device left out: {100 * f.coverage:.1f} % (standard error {100 * f.coverage_error:.1f} "
            f"%, nominal {100 * f.level:.0f} %)",
        )
    ]
    of_basis = (
        (name, str(c.devices), str(c.runs), f"{100 * c.coverage:.1f} %", f"{100 * c.half_width:.1f} %")
        for name, c in f.by_basis.items()
    )
    of_class = ((", ".join(filter(None, (c.maker, c.way, c.family))), f"{c.factor:.3f}") for c in f.by_class)
    without = ((name, f"{w.factor:.3f}", f"{100 * w.scatter:.1f} %") for name, w in f.without.items())
    tables = (
        text_table(("basis of most kernels", "devices", "runs", "coverage", "half width"), of_basis),
        text_table(("factor of class", "factor"), of_class),
        text_table(("without", "factor", "scatter"), without),
    )
    return "\n".join([*lines, "", *tables])


def ratio_interval_text(factors: RatioFactors) -> str:
    """Factor of ratios by kind of change, and coverage on accelerators left out."""
    columns = ("change", "pairs", "groups", "factor", "scatter", "coverage", "error")
    rows = [_ratio_cells(name, factor) for name, factor in factors.changes.items()]
    said = ""
    if factors.variants is not None:
        rows.append(_ratio_cells("variant", factors.variants))
        said = hanging("", "variant: scatter a unit of log distance") + "\n"
    return f"ratios of two runs (nominal {100 * factors.level:.0f} %)\n{text_table(columns, rows)}{said}"


def _ratio_cells(name: str, f: RatioFactor) -> tuple[str, ...]:
    shares = (f"{100 * share:.1f} %" for share in (f.scatter, f.coverage, f.coverage_error))
    return (name, str(f.count), str(f.groups), f"{f.factor:.3f}", *shares)
