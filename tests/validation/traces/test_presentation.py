"""Traces side by side on the terminal."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console

from validation.errors.graph_difference import GraphDifference
from validation.traces.difference import ChangedOperator, TraceDifference
from validation.traces.parts import MatchedStage, PartTimes
from validation.traces.presentation import render_matched_stage, render_parts, render_trace_difference


def _printed(render: Callable[[Console], None]) -> str:
    console = Console(width=80)
    with console.capture() as capture:
        render(console)
    assert max(map(len, capture.get().splitlines())) <= 80
    return " ".join(capture.get().split())


def _row(name: str, calls_before: int, calls: int, before: float, after: float) -> ChangedOperator:
    return ChangedOperator(
        operator=name,
        shapes=((2, 4096, 640), (640, 640)),
        dtype="float16",
        calls_before=calls_before,
        calls=calls,
        before=before,
        after=after,
        share=0.25,
    )


def test_changes_and_what_only_one_has() -> None:
    both = (_row("aten::_scaled_dot_product_flash_attention", 3, 3, 2e-3, 1e-3), _row("aten::mul", 4, 2, 5e-5, 6e-5))
    difference = TraceDifference(
        before="eager",
        after="compiled",
        time_before=4e-3,
        time=3e-3,
        elapsed_before=8e-3,
        elapsed=5e-3,
        idle_before=4e-3,
        idle=2e-3,
        by_operator=both,
        by_shapes=both,
        only_before=(_row("aten::add", 2, 0, 1e-3, 0.0),),
        only_after=tuple(_row(f"triton_{n}", 0, 1, 0.0, 1e-5) for n in range(17)),
    )
    text = _printed(lambda console: render_trace_difference(difference, console))
    for expected in (
        "device time 4.000 ms before, 3.000 ms after: -1.000 ms (-25.0%)",
        "elapsed 8.000 ms before, 5.000 ms after (-37.5%); idle 4.000 ms before, 2.000 ms after",
        "4 -> 2 50.0 us 60.0 us +10.0 us +20.0% 25.0%",
        "only in eager operator calls time share aten::add 2 1.000 ms 25.0%",
        "2 more; --format json has all",
    ):
        assert expected in text


def test_parts_with_their_times() -> None:
    part = PartTimes(name="step", basis="repetition", runs=4, calls=80, kernels=90, time=4e-3, share=0.8, elapsed=1e-2)
    assert "step repetition 4 80 90 4.000 ms 80.0% 1.000 ms" in _printed(lambda c: render_parts([part], c))


def test_the_stage_that_a_part_is() -> None:
    difference = GraphDifference(
        calls_in_graph=1, calls_in_trace=1, matched=1, missing=(), extra=(), matched_time_share=1.0
    )
    matched = MatchedStage(stage="denoiser", runs=1, difference=difference, measured=2e-3, predicted=1.5e-3)
    text = _printed(lambda console: render_matched_stage(matched, console))
    assert text == (
        "most like one run of stage denoiser: measured 2.000 ms of device time, predicted 1.500 ms (-25.0%)"
    )
