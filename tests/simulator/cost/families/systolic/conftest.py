"""A round-numbered systolic accelerator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.cost import HardwareColumns, hardware_columns


@pytest.fixture
def systolic() -> Callable[..., HardwareColumns]:
    """Columns of one part with a grid of 128 x 128, 100 TFLOP/s of bf16, 1 TFLOP/s of fp32 vectors and 1 TB/s."""

    def build(name: str = "tpu-v5e", **changes: Any) -> HardwareColumns:
        part = load_accelerator(name)
        peak = part.peak.model_copy(update={"matrix": {"bf16": 100e12}, "vector": {"fp32": 1e12}, "special": {}})
        dram = part.memory.dram.model_copy(update={"bandwidth": 1e12})
        memory = part.memory.model_copy(update={"dram": dram})
        changed = part.model_copy(update={"peak": peak, "memory": memory})
        return replace(hardware_columns([changed], CalibrationPool.empty()), **changes)

    return build
