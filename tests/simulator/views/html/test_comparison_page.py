"""A run against its reference as a page."""

import pytest

from hw_specs import load_accelerator
from simulator.comparison import compare
from simulator.simulation import simulate
from simulator.views.html.comparison_page import comparison_page
from simulator.views.html.page import render

pytest.importorskip("jinja2")
pytest.importorskip("plotly")


def test_the_speed_up_of_a_run_and_of_its_parts(decoder_run):
    faster = simulate(decoder_run.launches.graph, load_accelerator("h100"))
    comparison = compare(faster, decoder_run)
    page = comparison_page(comparison, ["beside"], "simulate --versus")
    (chart,) = page.sections[0].blocks
    assert chart.traces[0]["x"][0] == comparison.whole.ratio
    assert f"{comparison.whole.ratio:.3g} times as fast" in page.answer
    assert "beside" in render(page)
