"""A front as a page: what is best of all, and what the designs start from."""

from pathlib import Path

import numpy as np
import pytest

from simulator.views.html.page import render
from simulator.whatif.search.page import front_page
from simulator.whatif.search.search import Front
from simulator.whatif.study.study import load_study

pytest.importorskip("jinja2")
pytest.importorskip("plotly")

CONTENT = {
    "title": "What to build",
    "models": ["stable-diffusion", "llama2-7b"],
    "hw": "h100",
    "fields": {"memory.dram.bandwidth": {"low": "0.5x", "high": "2x"}, "attention": ["flash", "naive"]},
    "search": {"constraints": {"latency": {"below": "2 s"}}, "population": 8, "generations": 3},
}
START = {"latency": 1.0, "latency_low": 0.8, "latency_high": 1.3, "energy": 350.0}


def front(**figures):
    """Three designs with some figures."""
    known = {
        "latency": np.array([0.5, 0.502, 1.25]),
        "latency_low": np.array([0.4, 0.4, 1.0]),
        "latency_high": np.array([0.7, 0.7, 1.5]),
        "energy": np.array([400.0, 399.0, 300.0]),
    }
    fields = {
        "memory.dram.bandwidth": np.array([6e12, 5e12, 1.5e12]),
        "attention": np.array(["flash", "flash", "naive"], dtype=object),
    }
    study = load_study(CONTENT, searched=True)
    return Front(study=study, fields=fields, figures={**known, **figures}, groups=(), tried=24, starts={"h100": START})


def test_the_answer_names_the_best_of_each_objective_and_what_designs_start_from():
    page = front_page(front(), Path("front"), "whatif search")
    assert page.answer == (
        "3 of 24 designs are best in latency and energy: latency 500 ms (design 1), energy 300 J (design 3); "
        "h100 itself: 1 s, 350 J."
    )
    assert page.facts[1] == ("Best in energy", "design 3: dram.bandwidth 1.5 TB/s, attention naive")
    assert page.subtitle == "stable-diffusion, llama2-7b, designs from h100, calibrated"


def test_points_of_designs_and_of_what_they_start_from():
    page = front_page(front(), Path("front"), "whatif search")
    chart, latencies = page.sections[0].blocks
    designs, starts = chart.traces
    assert designs["x"] == [0.5, 0.502, 1.25]
    assert designs["y"] == [400.0, 399.0, 300.0]
    # The second lies on the first, and its number would, too.
    assert designs["text"] == ["1", "", "3"]
    assert "dram.bandwidth: 1.5 TB/s" in designs["customdata"][2]
    assert (starts["x"], starts["y"], starts["text"]) == ([1.0], [350.0], ["h100"])
    assert chart.table.rows[0] == ("h100", "1 s", "350 J")
    assert latencies.traces[0]["error_x"]["array"] == pytest.approx([0.3, 0.2, 0.198, 0.25])
    html = render(page)
    assert "Allowed: latency below 2 s." in html
    assert "models one after another" in html


def test_values_of_fields_and_sources():
    page = front_page(front(), Path("front"), "whatif search")
    common = page.sections[1].blocks[-1]
    assert common.rows == [
        ("dram.bandwidth", "1.5 TB/s", "5 TB/s", "6 TB/s"),
        ("attention", "flash (2), naive (1)", "", ""),
    ]
    assert "Sources of H100-SXM5-80GB" in [table.caption for table in page.sections[-1].blocks]


def test_a_third_objective_is_a_colour():
    study = load_study(CONTENT | {"search": {"objectives": ["latency", "energy", "peak_memory"]}}, searched=True)
    known = front(peak_memory=np.array([3e9, 4e9, 5e9]))
    more = {"h100": START | {"peak_memory": 4e9}}
    shaded = Front(study=study, fields=known.fields, figures=known.figures, groups=(), tried=24, starts=more)
    chart = front_page(shaded, Path("front"), "").sections[0].blocks[0]
    assert chart.traces[0]["marker"]["color"] == [3e9, 4e9, 5e9]
    assert chart.table.columns == ("design", "latency", "energy", "peak memory")


def test_a_front_without_designs_says_what_to_do():
    study = load_study(CONTENT, searched=True)
    empty = Front(study=study, fields={}, figures={"latency": np.zeros(0)}, groups=(), tried=24)
    page = front_page(empty, Path("front"), "")
    assert page.answer == "None of 24 designs meets all constraints: loosen them, or widen the fields."
    assert render(page)
