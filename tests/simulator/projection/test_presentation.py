"""A projection on the terminal."""

from __future__ import annotations

import numpy as np
from rich.console import Console

from hw_specs import CalibrationPool, load_accelerator
from simulator.projection.presentation import render_projection
from simulator.projection.projection import MeasuredCalls, project_operators
from tracer.graph import Op, TensorSpec


def test_all_numbers_are_shown() -> None:
    half = TensorSpec((64, 64), "float16")
    operators = [Op("aten::mm", (half, half), (half,)), Op("other::thing", (half,), ())]
    projection = project_operators(
        MeasuredCalls(
            operators=operators,
            calls=np.array([0, 1]),
            device_time=np.array([2.0, 0.003]),
            idle_time=0.5,
            busy_time=2.003,
        ),
        to=load_accelerator("h200_sxm5_141gb"),
        from_=load_accelerator("h100_sxm5_80gb"),
        calibrations=CalibrationPool.shipped(),
    )
    console = Console(width=80)
    with console.capture() as capture:
        render_projection(projection, console)
    text = capture.get()
    assert max(map(len, text.splitlines())) <= 80
    text = " ".join(text.split())
    for expected in (
        "2.003 s of device time on H100-SXM5-80GB",
        f"use this: {projection.combined_time:.3f} s on H200-SXM5-141GB",
        "predicted by ratio 2.000 s 99.9%",
        "kept as measured 0.0 us",
        "unknown 3.000 ms 0.1%",
        "other::thing: no formula 1 3.000 ms 0.1% 2.094 ms to 3.000 ms",
        "64x64 64x64",
        "500.000 ms idle, kept as measured",
    ):
        assert expected in text
    assert "has no prediction" not in text
    assert text.count("80 % interval ") == 3
