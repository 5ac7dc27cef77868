"""A comparison on the terminal."""

from __future__ import annotations

from rich.console import Console

from hw_specs import CalibrationPool
from simulator.projection.traced import graph_of_trace
from tracer.trace import Trace
from validation.errors.graph_difference import against_graph
from validation.errors.trace_presentation import render, render_difference
from validation.errors.traces import compare


def test_tables_show_everything(measured_trace: Trace) -> None:
    console = Console(width=200)
    with console.capture() as capture:
        render(compare(measured_trace, calibrations=CalibrationPool.shipped()), console)
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


def test_what_only_one_of_trace_and_graph_has(measured_trace: Trace) -> None:
    console = Console(width=200)
    with console.capture() as capture:
        render_difference(against_graph(measured_trace, graph_of_trace(measured_trace)), console)
    text = capture.get()
    assert "4 of 5 calls that ran are in the graph, which has 4" in text
    assert "ran more often than in the graph" in text
    assert "aten::copy_" in text
