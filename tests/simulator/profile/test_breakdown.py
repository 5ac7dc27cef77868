"""Latency by stage and category."""

import pytest

from simulator.profile.breakdown import by_stage_and_category


def test_rows_and_columns_add_up_to_the_views_of_the_report(stable_diffusion_run):
    report = stable_diffusion_run.report
    parts = by_stage_and_category(stable_diffusion_run.timeline)
    for stage, own in parts.items():
        assert sum(own.values()) == pytest.approx(report.by_stage[stage].latency)
    for category, entry in report.by_category.items():
        assert sum(own.get(category, 0.0) for own in parts.values()) == pytest.approx(entry.latency)
