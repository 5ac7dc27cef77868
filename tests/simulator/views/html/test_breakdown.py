"""Where the time of a run goes."""

import pytest

from simulator.profile.breakdown import by_stage_and_category
from simulator.views.html.breakdown import attention_chart, interval_chart, stage_chart


def test_bars_are_as_long_as_the_runs(stable_diffusion_run):
    report = stable_diffusion_run.report
    chart = attention_chart({"flash": report, "naive": report})
    assert sum(trace["x"][0] for trace in chart.traces) == pytest.approx(report.latency)
    assert "flash is 1.00 times as fast as naive" in chart.says
    assert chart.table.rows[-1][0] == "all"


def test_a_bar_a_stage(stable_diffusion_run):
    chart = stage_chart(by_stage_and_category(stable_diffusion_run.timeline))
    assert chart.traces[0]["y"] == list(stable_diffusion_run.report.by_stage)


def test_whiskers_end_where_the_intervals_do(stable_diffusion_run):
    report = stable_diffusion_run.report
    (trace,) = interval_chart(report).traces
    assert trace["y"][0] == "whole run"
    assert trace["x"][0] + trace["error_x"]["array"][0] == pytest.approx(report.interval.high)
    assert trace["x"][0] - trace["error_x"]["arrayminus"][0] == pytest.approx(report.interval.low)


def test_a_bound_has_none(stable_diffusion_run):
    from dataclasses import replace

    assert interval_chart(replace(stable_diffusion_run.report, interval=None, part_intervals={})) is None
