"""Small files of measurements that the model itself made, and calibrations fitted to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from hw_specs import Calibration
from simulator.cost import HardwareColumns, kernel_times
from validation.calibrate import calibrate
from validation.measured import MeasuredKernels, read_measured

_HEADER = "device,op,input_shapes,dtype,attributes,latency_s,kernel,source\n"


def _write(path: Path, device: str, sizes: Sequence[int], latency: Sequence[float]) -> Path:
    shapes = [json.dumps([[n, 1], [n, 1]]) for n in sizes]
    rows = [f'{device},aten::add,"{s}",float32,"{{}}",{t},,synthetic\n' for s, t in zip(shapes, latency, strict=True)]
    path.write_text(_HEADER + "".join(rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def synthetic_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, float], Path]:
    """File of additions on a device whose DRAM share is given; times are the model's own."""

    def build(device: str, dram: float) -> Path:
        sizes = np.unique(np.geomspace(1e5, 3e8, 60).astype(int)).tolist()
        path = tmp_path_factory.mktemp("measured") / "additions.csv"
        blank = read_measured(_write(path, device, sizes, [1e-5] * len(sizes)))
        hardware = HardwareColumns.from_accelerators([blank.accelerator], calibrations=())
        costs = kernel_times(blank.table, hardware.with_parameters({"stream.dram": dram}), fidelity="calibrated")
        return _write(path, device, sizes, costs.time[:, 0].tolist())

    return build


@pytest.fixture(scope="session")
def calibrated_files(
    synthetic_file: Callable[[str, float], Path],
) -> tuple[list[MeasuredKernels], tuple[Calibration, ...]]:
    """Two devices of different architectures and the calibrations that were fitted to them."""
    files = [synthetic_file("NVIDIA T4", 0.6), synthetic_file("NVIDIA V100-PCIE-32GB", 0.9)]
    return [read_measured(files[0])], calibrate(files)
