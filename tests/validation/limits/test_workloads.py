"""Bundled workloads have every family of kernels of one accelerator."""

from __future__ import annotations

from hw_specs import load_accelerator
from simulator.execution import Execution
from validation.limits.workloads import bundled_kernels, one_of_each_architecture


def test_families():
    kernels = bundled_kernels((("stable-diffusion", Execution()),))
    assert len(kernels) == 1
    named = {type(table).__name__ for table in kernels[0].tables}
    assert named >= {"ProductTable", "ConvolutionTable", "AttentionTable", "RowWiseTable", "StreamTable"}


def test_every_architecture_has_one():
    names = one_of_each_architecture()
    architectures = [load_accelerator(name).architecture for name in names]
    assert len(set(architectures)) == len(architectures) > 20
