"""What libraries choose on a part."""

from __future__ import annotations

from hw_specs import load_accelerator
from simulator.kernels import Implementation, Kernel, KernelFamily, KernelTable
from validation.part_choices import execution_on, on_part


def test_tf32_is_of_gpus() -> None:
    assert not execution_on(load_accelerator("xeon_8480plus")).convolution_tf32
    assert execution_on(load_accelerator("a100")).convolution_tf32


def test_cpus_run_convolutions_without_winograd() -> None:
    kernel = Kernel(
        name="conv2d",
        family=KernelFamily.CONVOLUTION,
        implementation=Implementation.IMPLICIT_GEMM,
        number_format="fp32",
        matrix_flops=1e6,
        bytes_read=1e4,
        bytes_written=1e4,
        itemsize=4.0,
        m=64,
        n=8,
        k=72,
        group=3.0,
    )
    table = KernelTable.from_kernels([kernel])
    assert on_part(table, load_accelerator("v100")).group.tolist() == [3.0]
    on_cpu = on_part(table, load_accelerator("xeon_8480plus"))
    assert on_cpu.group.tolist() == [1.0]
    assert on_cpu.vector_flops.tolist() == [1e6]
