"""A comparison on the terminal."""

from __future__ import annotations

from rich.console import Console

from tracer.trace import Trace
from validation.trace_comparison import compare
from validation.trace_presentation import render


def test_tables_show_everything(measured_trace: Trace) -> None:
    console = Console(width=200)
    with console.capture() as capture:
        render(compare(measured_trace), console)
    text = capture.get()
    for expected in (
        "80 % interval of the prediction",
        "80 % range",
        "29.0 us on the device",
        "normalization",
        "512x1024 1024x512",
        "other::thing: no formula",
        "idle",
    ):
        assert expected in text
