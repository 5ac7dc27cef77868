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
    console = Console(width=160)
    with console.capture() as capture:
        render_projection(projection, console)
    text = capture.get()
    for expected in ("measured on H100-SXM5-80GB: 2.003 s", "64x64 64x64", "idle time", "other::thing: no formula"):
        assert expected in text
    assert "as measured" in text
    assert text.count("80 % interval ") == 3
    low, high = projection.projected_interval.low, projection.projected_interval.high
    # What is scaled is uncertain by both predictions, what stays as measured is sure.
    assert 0.003 < low < projection.projected_time < high
    direct = projection.direct_interval
    assert (high - 0.003) / (low - 0.003) > direct.high / direct.low
