"""A sweep as a page: its designs as points, and the fastest of them."""

import pytest

from simulator.views.html.page import render
from simulator.whatif.sweep.page import sweep_page
from simulator.whatif.sweep.run import sweep

pytest.importorskip("pyarrow")
pytest.importorskip("jinja2")
pytest.importorskip("plotly")


def test_every_design_is_a_point_and_the_fastest_are_named(study, tmp_path):
    done = sweep(study, tmp_path, workers=1)
    page = sweep_page(study, done.results, done.summary, [], "whatif sweep")
    frame = done.results.to_pandas()
    best = frame.loc[frame["latency"].idxmin()]
    (chart,) = page.sections[0].blocks
    assert sorted(chart.traces[0]["x"]) == sorted(frame["latency"])
    assert page.answer.startswith("20 designs; stable-diffusion takes ")
    assert chart.table.rows[0][0] == f"{best['design']}"
    assert chart.table.columns[1:4] == ("dram.bandwidth", "cores.count", "attention")
    assert len(chart.table.rows) == 12
    assert "Sources of H100-SXM5-80GB" in render(page)
