"""A round-numbered accelerator, and kernels on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hw_specs import Accelerator, CalibrationPool
from simulator.cost import HardwareColumns
from simulator.kernels import Kernel, KernelFamily, KernelTable


def make_accelerator(**changes: Any) -> Accelerator:
    """100 cores of 1 GHz with 100 TFLOP/s of bf16, 10 TFLOP/s of fp32, 1 TB/s of DRAM, 4 TB/s and 40 MB of L2."""
    scale = changes.get("cores", 100) / 100
    values: dict[str, Any] = {
        "name": changes.get("name", "test part"),
        "vendor": "NVIDIA",
        "architecture": changes.get("architecture", "ampere"),
        "kind": "gpu",
        "peak": {
            "matrix": {"bf16": changes.get("matrix", 100e12) * scale},
            "vector": {"fp32": changes.get("vector", 10e12) * scale},
            "special": {"fp32": 1.6e12 * scale},
        },
        "cores": {
            "count": changes.get("cores", 100),
            "kind": "SM",
            "clock": 1e9,
            "max_threads": 2048,
            "max_blocks": 32,
        },
        "memory": {
            "l2": {"capacity": changes.get("cache", 40e6), "bandwidth": changes.get("cache_bandwidth", 4e12)},
            "dram": {"capacity": 40e9, "bandwidth": changes.get("dram", 1e12)},
        },
        "links": {"nvlink": {"bandwidth": changes.get("link", 1e11)}},
        "sources": ("made up for tests",),
    }
    return Accelerator.model_validate(values)


@pytest.fixture
def hardware() -> Callable[..., HardwareColumns]:
    """Columns of one accelerator without calibration."""

    def build(**changes: Any) -> HardwareColumns:
        return HardwareColumns.from_accelerators([make_accelerator(**changes)], calibrations=CalibrationPool.empty())

    return build


def matmul_kernel(
    m: float, n: float, k: float, *, batch: float = 1.0, vector: bool = False, itemsize: float = 2.0
) -> Kernel:
    """A product with cold operands."""
    flops = 2.0 * batch * m * n * k
    return Kernel(
        name="gemm",
        family=KernelFamily.MATMUL,
        number_format="fp32" if vector else "bf16",
        matrix_flops=0.0 if vector else flops,
        vector_flops=flops if vector else 0.0,
        bytes_read=batch * (m * k + k * n) * itemsize,
        bytes_written=batch * m * n * itemsize,
        itemsize=itemsize,
        batch=batch,
        m=m,
        n=n,
        k=k,
        num_inputs=2,
    )


@pytest.fixture
def matmul() -> Callable[..., KernelTable]:
    """A table of one product."""

    def build(*shape: float, **options: Any) -> KernelTable:
        return KernelTable.from_kernels([matmul_kernel(*shape, **options)])

    return build


@pytest.fixture
def table() -> Callable[..., KernelTable]:
    """A table of one kernel with any columns."""

    def build(**columns: Any) -> KernelTable:
        defaults: dict[str, Any] = {"name": "k", "family": KernelFamily.ELEMENTWISE, "number_format": "fp32"}
        return KernelTable.from_kernels([Kernel(**{**defaults, **columns})])

    return build
