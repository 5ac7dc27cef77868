"""A comparison of a trace with predictions as a page."""

import pytest

from hw_specs import load_accelerator
from simulator.results.chrome_trace import chrome_trace
from simulator.simulation import simulate
from simulator.views.html.page import render
from tracer.formats import read_trace
from tracer.library.bundle import bundled_graph
from tracer.workloads import find_pipeline
from validation.errors.traces import compare
from validation.traces.page import trace_page

pytest.importorskip("jinja2")
pytest.importorskip("plotly")


def test_measured_beside_predicted(tmp_path):
    """A timeline that was predicted is predicted without an error."""
    graph = bundled_graph("dit-xl-2", find_pipeline("dit-xl-2").defaults)
    if graph is None:
        pytest.skip("the bundle has no such graph")
    path = tmp_path / "trace.json"
    path.write_text(chrome_trace(simulate(graph, load_accelerator("a100"))), encoding="utf-8")
    comparison = compare(read_trace(path), load_accelerator("a100"))
    page = trace_page(comparison, "validate trace")
    operators, categories = page.sections[0].blocks
    assert sum(len(trace["x"]) for trace in operators.traces[1:]) == len(comparison.operators)
    assert categories.traces[0]["x"] == [part.measured for part in comparison.by_category.values()]
    assert comparison.total_error == pytest.approx(0.0, abs=0.2)
    assert "validate trace" in render(page)
