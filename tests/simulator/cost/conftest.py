"""A round-numbered accelerator, and kernels on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

import pytest

from hw_specs import Accelerator, CalibrationPool
from simulator.cost import HardwareColumns, hardware_columns
from simulator.kernels import (
    Attention,
    AttentionAlgorithm,
    Collective,
    CollectiveAlgorithm,
    FamilyTable,
    Kernel,
    KernelTables,
    Product,
    ProductTable,
    RowKind,
    RowWise,
    Stream,
    StreamKind,
)

#: Shared memory of a core where it is not that of Ampere. [B]
_SHARED = {"volta": 96 * 1024, "turing": 64 * 1024, "ada": 100 * 1024, "hopper": 228 * 1024, "blackwell": 228 * 1024}


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
            "shared": {"capacity": _SHARED.get(changes.get("architecture", "ampere"), 164 * 1024), "per_core": True},
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
        return hardware_columns([make_accelerator(**changes)], calibrations=CalibrationPool.empty())

    return build


def matmul_kernel(
    m: float, n: float, k: float, *, batch: float = 1.0, vector: bool = False, itemsize: float = 2.0
) -> Product:
    """A product with cold operands."""
    flops = 2.0 * batch * m * n * k
    return Product(
        name="gemm",
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
    )


@pytest.fixture
def matmul() -> Callable[..., ProductTable]:
    """A table of one product."""

    def build(*shape: float, **options: Any) -> FamilyTable:
        return KernelTables.from_kernels([matmul_kernel(*shape, **options)]).tables[0]

    return build


@pytest.fixture
def table() -> Callable[..., FamilyTable]:
    """A table of one kernel of a family with any columns; those that it needs and that are not given are 1."""

    def build(kernel_type: type[Kernel] = Stream, **columns: Any) -> FamilyTable:
        needed = {f.name: 1.0 for f in fields(kernel_type) if f.default is MISSING}
        given = {"name": "k", "number_format": "fp32", **_CODES.get(kernel_type, {}), **columns}
        return KernelTables.from_kernels([kernel_type(**{**needed, **given})]).tables[0]

    return build


_CODES: dict[type[Kernel], dict[str, Any]] = {
    Stream: {"kind": StreamKind.ELEMENTWISE},
    RowWise: {"kind": RowKind.NORMALIZATION},
    Attention: {"algorithm": AttentionAlgorithm.FLASH2},
    Collective: {"algorithm": CollectiveAlgorithm.ALL_REDUCE},
}
