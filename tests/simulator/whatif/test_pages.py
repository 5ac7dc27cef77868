"""Comparisons, scaling and sensitivities as pages."""

import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.views.html.page import render
from simulator.whatif.compare import compare_setups
from simulator.whatif.pages import compare_page, scale_page, sensitivity_page
from simulator.whatif.scale import scale
from simulator.whatif.sensitivity import sensitivity
from simulator.whatif.setups import every_setup

pytest.importorskip("jinja2")
pytest.importorskip("plotly")


def test_runs_side_by_side():
    found = compare_setups(every_setup(["dit-xl-2"], ["a100", "h100"], (), {}))
    origins = [(part, CalibrationPool.empty()) for part in (load_accelerator("a100"), load_accelerator("h100"))]
    page = compare_page(found, ["beside"], "whatif compare", origins)
    latencies, gains = page.sections[0].blocks
    assert [row[1] for row in latencies.table.rows]
    assert latencies.traces[0]["x"] == [run.latency for run in found.runs]
    assert gains.traces[0]["x"][1] == found.runs[1].gain.ratio
    assert f"dit-xl-2 on {found.runs[1].accelerator} is the fastest of 2" in page.answer
    assert "beside" in render(page)
    captions = [table.caption for table in page.sections[-1].blocks]
    assert "Sources of A100-SXM4-80GB" in captions
    assert "Accelerator H100-SXM5-80GB" in captions


def test_a_workload_along_an_axis(accelerator):
    found = scale("dit-xl-2", accelerator, "batch", [1], search=False)
    page = scale_page(found, [], "")
    assert page.sections[0].blocks[0].traces[0]["x"] == [run.latency for run in found.runs]
    assert "at batch 1 and" in page.answer


def test_what_fields_are_worth(accelerator):
    found = sensitivity("dit-xl-2", accelerator)
    page = sensitivity_page(found, [], "")
    best = max(found.fields, key=lambda field: field.gain_2x)
    assert f"twice of {best.field} makes it {best.gain_2x:.3g} times as fast" in page.answer
    assert page.sections[0].blocks[0].traces[0]["y"][0] == best.field


@pytest.fixture(scope="module")
def accelerator():
    return load_accelerator("a100")
