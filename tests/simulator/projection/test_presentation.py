"""A projection on the terminal."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from rich.console import Console

from hw_specs import CalibrationPool, load_accelerator
from simulator.projection.presentation import operators_by_name, render_operators, render_projection
from simulator.projection.projection import MeasuredCalls, Projection, project_operators
from tracer.graph import Op, TensorSpec


def _projection() -> Projection:
    half = TensorSpec((64, 64), "float16")
    operators = [Op("aten::mm", (half, half), (half,)), Op("other::thing", (half,), ())]
    return project_operators(
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


def _printed(show: Callable[[Console], None]) -> str:
    console = Console(width=80)
    with console.capture() as capture:
        show(console)
    return capture.get()


def test_all_numbers_are_shown() -> None:
    projection = _projection()
    text = _printed(lambda console: render_projection(projection, console))
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


def test_operators_by_their_name_alone() -> None:
    projection = _projection()
    product, other = operators_by_name(projection)
    assert (product.name, product.calls, product.measured, other.name) == ("aten::mm", 1, 2.0, "other::thing")
    assert product.ratio == pytest.approx(product.projected / 2.0)
    assert product.share == pytest.approx(product.projected / projection.combined_time)
    assert product.share + other.share == pytest.approx(1.0)
    text = _printed(lambda console: render_operators(projection, console, 1))
    assert text.splitlines()[-1] == f"1 more, {100 * other.share:.1f} %"
    assert "no operator" not in text


def test_operators_beyond_those_asked_for_are_one_line() -> None:
    text = _printed(lambda console: render_projection(_projection(), console, 0))
    assert "2 more, 100.0 %; --format json has all" in text
