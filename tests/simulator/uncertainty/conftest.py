"""Residuals, calibrations and a kernel for tests of deviations and of the standing of kernels."""

from __future__ import annotations

from hw_specs import Calibration, Evidence, FittedCalibration
from hw_specs.calibration import ResidualSummary
from simulator.kernels import KernelTables, Product


def residuals(group: str, scope: str, median: float, half: float, coverage: float | None = None) -> ResidualSummary:
    return ResidualSummary.model_validate(
        {
            "group": group,
            "scope": scope,
            "regime": "all",
            "count": 100,
            "mape": 0.1,
            "bias": 0.0,
            "quantiles": {"0.1": median - half, "0.5": median, "0.9": median + half},
            "coverage": coverage,
        }
    )


def calibration(name: str, *summaries: ResidualSummary, parts: tuple[str, ...] = ()) -> FittedCalibration:
    groups = {s.group: parts for s in summaries}
    entry = Calibration(name=name, architecture=name, accelerators=parts, groups=groups, parameters={}, sources=("s",))
    return FittedCalibration(entry, Evidence(name=name, residuals=summaries))


def product(count: float = 1.0) -> KernelTables:
    kernel = Product(
        name="gemm",
        number_format="bf16",
        matrix_flops=1e12,
        bytes_read=1e8,
        m=4096,
        n=4096,
        k=4096,
    )
    return KernelTables.from_kernels([kernel], [count])
