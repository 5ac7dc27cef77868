"""Reports as data frames and in notebooks."""

from __future__ import annotations

import math
import re

import pytest

from hw_specs import load_accelerator
from simulator import compare_setups, every_setup, scale, sensitivity, simulate
from simulator.report import Report
from simulator.views.frames import frame_of, report_frame
from tracer import graph_of

pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def report() -> Report:
    return simulate(graph_of("stable-diffusion"), load_accelerator("a100")).report


@pytest.mark.parametrize("by", ["operator", "kernel"])
def test_a_simulation_knows_operators_and_kernels_too(by: str, stable_diffusion_run) -> None:
    frame = stable_diffusion_run.to_pandas(by)
    assert frame.index.name == by
    assert frame["latency"].is_monotonic_decreasing
    assert frame["launches"].sum() == pytest.approx(stable_diffusion_run.report.launches)
    assert frame[["compute", "memory", "launch", "host", "power", "occupancy", "link"]].sum(axis=1).max() < 1.001


@pytest.mark.parametrize("by", ["stage", "category", "module"])
def test_parts_add_up_to_the_whole(report: Report, by: str) -> None:
    frame = report.to_pandas(by)
    assert frame.index.name == by
    assert frame["latency"].sum() == pytest.approx(report.latency)
    assert frame["share"].sum() == pytest.approx(1.0)
    assert frame["flops"].sum() == pytest.approx(report.flops)
    assert ((frame["low"] <= frame["latency"]) & (frame["latency"] <= frame["high"])).all()


def test_categories_say_what_holds_them_back(report: Report) -> None:
    frame = report.to_pandas("category")
    shares = frame[["compute", "memory", "launch", "host", "power", "occupancy", "link"]]
    assert shares.sum(axis=1).tolist() == pytest.approx([1.0] * len(frame))


def test_a_bound_has_no_ends() -> None:
    bound = simulate(graph_of("stable-diffusion"), load_accelerator("a100"), fidelity="roofline").report
    frame = bound.to_pandas()
    assert frame.columns[:3].tolist() == ["latency", "low", "high"]
    assert all(math.isnan(end) for end in frame["low"])


def test_another_view_is_named(report: Report) -> None:
    with pytest.raises(ValueError, match="by 'layer': one of stage, category, module"):
        report_frame(report, "layer")


def test_nested_values_are_columns() -> None:
    frame = frame_of([{"name": "a", "interval": {"low": 1.0, "high": 2.0}}, {"name": "b", "interval": None}])
    assert frame["interval.low"].tolist()[0] == 1.0
    assert math.isnan(frame["interval.high"][1])


@pytest.mark.torch
def test_results_of_whatif_are_frames() -> None:
    runs = compare_setups(every_setup(["stable-diffusion"], ["a100", "t4"])).to_pandas()
    assert runs["accelerator"].tolist() == ["A100-SXM4-80GB", "T4"]
    assert runs["ratio"].tolist()[0] == 1.0
    fields = sensitivity("stable-diffusion", load_accelerator("a100")).to_pandas().set_index("field")
    assert fields.loc["memory.dram.bandwidth", "elasticity"] < 0
    growth = scale("stable-diffusion", load_accelerator("a100"), "batch", values=[1, 2]).to_pandas()
    assert growth["value"].tolist() == [1, 2]


def test_a_notebook_shows_what_the_terminal_shows(report: Report) -> None:
    html = report._repr_html_()
    assert html.startswith("<pre")
    text = re.sub("<[^>]+>", "", html)
    assert text.startswith("stable-diffusion on A100-SXM4-80GB\n")
    assert "80 % interval" in text
