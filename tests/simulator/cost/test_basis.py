"""Grounds of kernel times."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hw_specs import Calibration, CalibrationPool, load_accelerator
from simulator.cost import BASES, hardware_columns, kernel_basis
from simulator.kernels import AccessPattern, Convolution, Kernel, KernelTables, Stream, StreamKind

A100, H100, MI300X = (load_accelerator(name) for name in ("A100-SXM4-80GB", "h100", "mi300x"))


def _pool(*held: str, **parameters: float) -> CalibrationPool:
    """Streams of the A100: some parameters that its rows told, and some that they did not."""
    return CalibrationPool.of(
        Calibration(
            name="ampere",
            architecture="ampere",
            groups={"stream": (A100.name,)},
            parameters={f"stream.{name}": value for name, value in parameters.items()},
            held=tuple(f"stream.{name}" for name in held),
            sources=("test",),
        )
    )


def _copy(elements: float, pattern: AccessPattern = AccessPattern.CONTIGUOUS) -> Stream:
    size = 4.0 * elements
    return Stream(
        name="copy",
        kind=StreamKind.COPY,
        number_format="fp32",
        itemsize=4.0,
        elements=elements,
        bytes_read=size,
        bytes_written=size,
        pattern=pattern,
    )


def _grounds(kernel: Kernel, pool: CalibrationPool) -> list[str]:
    hardware = hardware_columns([A100, H100, MI300X], pool)
    return [BASES[code] for code in kernel_basis(KernelTables.from_kernels([kernel]), hardware)[0]]


def test_a_long_copy_rests_on_its_share_of_the_bandwidth() -> None:
    pool = _pool("floor", "strided", dram=0.8)
    assert _grounds(_copy(1e9), pool) == ["calibrated", "inherited", "datasheet"]


def test_a_short_copy_rests_on_a_floor_that_no_row_told() -> None:
    assert _grounds(_copy(64.0), _pool("floor", dram=0.8))[0] == "datasheet"
    assert _grounds(_copy(64.0), _pool(floor=2e-6, dram=0.8))[0] == "calibrated"


def test_a_transposed_copy_rests_on_what_contiguous_ones_do_not_tell() -> None:
    transposed = _copy(1e9, AccessPattern.TRANSPOSED)
    assert _grounds(transposed, _pool("transposed", "crossed", dram=0.8))[0] == "datasheet"


def test_a_group_rests_on_those_that_it_borrows_from_too() -> None:
    pool = CalibrationPool.of(
        Calibration(
            name="ampere",
            architecture="ampere",
            groups={"matmul": (A100.name,), "convolution": (A100.name,)},
            parameters={"matmul.rate": 0.9, "convolution.share": 0.8},
            sources=("test",),
        )
    )
    size = 2.0**26
    convolution = Convolution(
        name="convolution",
        number_format="bf16",
        matrix_flops=2.0 * 2**16 * 1024 * 4608,
        bytes_read=size,
        bytes_written=size,
        positions=2.0**16,
        output_channels=1024.0,
        reduced_length=4608.0,
    )
    hardware = hardware_columns([A100], pool)
    own = {name: codes for name, codes in hardware.basis.items() if name.startswith(("matmul.", "convolution."))}
    told = dict.fromkeys(own, np.array([BASES.index("calibrated")]))
    kernels = KernelTables.from_kernels([convolution])
    whole = replace(hardware, basis={**hardware.basis, **told})
    assert BASES[int(kernel_basis(kernels, whole)[0, 0])] == "calibrated"
    lacking = replace(whole, basis={**whole.basis, "matmul.rate": np.array([BASES.index("inherited")])})
    assert BASES[int(kernel_basis(kernels, lacking)[0, 0])] == "inherited"


@pytest.mark.parametrize("part", [A100, MI300X])
def test_without_any_calibration_all_is_the_datasheets(part) -> None:
    hardware = hardware_columns([part], CalibrationPool.empty())
    basis = kernel_basis(KernelTables.from_kernels([_copy(1e9), _copy(10.0)]), hardware)
    assert basis.tolist() == [[0], [0]]
