"""Small files of measurements that the model itself made, calibrations fitted to them, and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from hw_specs import CalibrationPool, FittedCalibration
from simulator.cost import hardware_columns, kernel_times
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.trace import RunFacts, Trace
from validation import __main__ as command_line
from validation.fitting.calibrate import calibrate
from validation.measured.tables import MeasuredKernels, read_measured

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
        hardware = hardware_columns([blank.accelerator], calibrations=CalibrationPool.empty())
        costs = kernel_times(blank.kernels, hardware.with_parameters({"stream.dram": dram}), fidelity="calibrated")
        return _write(path, device, sizes, costs.time[:, 0].tolist())

    return build


@pytest.fixture(scope="session")
def calibrated_files(
    synthetic_file: Callable[[str, float], Path],
) -> tuple[list[MeasuredKernels], tuple[FittedCalibration, ...]]:
    """Two devices of different architectures and the calibrations that were fitted to them."""
    files = [synthetic_file("NVIDIA T4", 0.6), synthetic_file("NVIDIA V100-PCIE-32GB", 0.9)]
    return [read_measured(files[0])], calibrate(map(read_measured, files))


_MM = RecordedArguments(shapes=[[512, 1024], [1024, 512]], types=["c10::Half"] * 2)
_ADD = RecordedArguments(shapes=[[512, 512], [512, 512]], types=["c10::Half"] * 2)


@pytest.fixture
def measured_trace() -> Trace:
    """Two products of 10 us each, an addition of 3 us in a norm, an unknown operator, a copy from the host."""
    builder = TraceBuilder()
    builder.add_module("net.norm1", start=2_500, duration=900)
    events = [
        ("aten::mm", _MM, 10_000, "gemm"),
        ("aten::mm", _MM, 10_000, "gemm"),
        ("aten::add", _ADD, 3_000, "add"),
        ("other::thing", _ADD, 4_000, "thing"),
        ("aten::copy_", _ADD, 2_000, "Memcpy HtoD (Pageable -> Device)"),
    ]
    for number, (name, arguments, duration, kernel) in enumerate(events):
        builder.add_call(name, arguments, start=1_000 * number + 600, duration=500)
        builder.add_host_call("cudaLaunchKernel", start=1_000 * number + 700, duration=100, correlation=number)
        builder.add_kernel(kernel, start=20_000 * (number + 1), duration=duration, correlation=number)
    builder.skip("event given as begin and end", nanoseconds=500)
    return builder.build("run", RunFacts(device="NVIDIA H100 80GB HBM3"))


@pytest.fixture
def run(command: Callable[..., Callable[..., object]]) -> Callable[..., object]:
    """Function that runs ``validate`` with some arguments in this process."""
    return command("validate", command_line.main)
