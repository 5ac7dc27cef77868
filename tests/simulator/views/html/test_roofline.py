"""Roofline of a run."""

from dataclasses import replace

import pytest

from simulator.profile.kernels import Ceiling, ceilings, kernel_points
from simulator.views.html.roofline import MOST_POINTS, bandwidth_chart, roofline_chart


@pytest.fixture(scope="module")
def points(stable_diffusion_run):
    return kernel_points(stable_diffusion_run)


def _marks(chart):
    return [trace for trace in chart.traces if trace["mode"] == "markers"]


def test_every_kernel_that_computes_is_a_mark_as_large_as_its_time(points, stable_diffusion_run):
    chart = roofline_chart(points, ceilings(stable_diffusion_run))
    drawn = [p for p in points if p.operations > 0]
    assert sum(len(trace["x"]) for trace in _marks(chart)) == len(drawn)
    sizes = [size for trace in _marks(chart) for size in trace["marker"]["size"]]
    share = drawn[0].total / sum(p.total for p in points)
    assert max(sizes) == pytest.approx(42 * share**0.5, abs=0.1)
    chart.figure()


def test_moves_alone_stand_in_the_other_figure(points, stable_diffusion_run):
    chart = bandwidth_chart(points, ceilings(stable_diffusion_run))
    assert sum(len(trace["x"]) for trace in _marks(chart)) == len(points)
    labels = {trace["name"].partition(":")[0] for trace in chart.traces if trace["mode"] == "lines"}
    assert {"DRAM", "L2"} <= {name.partition(",")[0] for name in labels}


def test_slopes_end_where_the_fastest_units_begin(points):
    roofs = [
        Ceiling(name="units", kind="arithmetic", rate=100.0),
        Ceiling(name="DRAM", kind="memory", rate=10.0),
        Ceiling(name="L2", kind="memory", rate=50.0),
    ]
    point = replace(points[0], operations=8.0, bytes=1.0)
    lines = {t["name"].partition(":")[0]: t for t in roofline_chart([point], roofs).traces if t["mode"] == "lines"}
    assert (lines["DRAM"]["x"], lines["DRAM"]["y"]) == ([4.0, 10.0], [40.0, 100.0])
    assert (lines["L2"]["x"], lines["L2"]["y"]) == ([4.0, 2.0], [200.0, 100.0])
    assert lines["units"]["y"] == [100.0, 100.0]


def test_what_is_not_drawn_is_counted(points):
    many = [replace(points[0], row=n, operations=1.0) for n in range(MOST_POINTS + 5)]
    assert "Not drawn: the cheapest 5, 0.50 % of kernel time" in roofline_chart(many, []).says


def test_names_of_modules_are_no_markup(points):
    chart = roofline_chart([replace(points[0], operations=1.0, module="<img src=x>")], [])
    assert "<img" not in chart.traces[0]["text"][0]
