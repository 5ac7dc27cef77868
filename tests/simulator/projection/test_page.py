"""A projection as a page."""

import pytest

from hw_specs import load_accelerator
from simulator.projection.page import projection_page
from simulator.projection.traced import project
from simulator.results.chrome_trace import chrome_trace
from simulator.views.html.page import render
from tracer.formats import read_trace

pytest.importorskip("jinja2")
pytest.importorskip("plotly")


def test_a_trace_on_another_accelerator(tmp_path, stable_diffusion_run):
    """The predicted timeline serves as the measured one."""
    path = tmp_path / "trace.json"
    path.write_text(chrome_trace(stable_diffusion_run), encoding="utf-8")
    projection = project(read_trace(path), load_accelerator("h100"), load_accelerator("a100"))
    page = projection_page(projection, ["beside"], "simulate --trace")
    parts, operators = page.sections[0].blocks
    assert parts.traces[0]["x"][0] == projection.combined_time
    assert len(operators.traces[0]["x"]) == min(25, len(projection.operators))
    assert page.answer.endswith(" s.") or "interval" in page.answer
    assert "beside" in render(page)
