"""Page of one predicted run."""

from dataclasses import replace

import pytest

from hw_specs import load_accelerator
from simulator.simulation import simulate
from simulator.views.html.page import render
from simulator.views.html.report_page import answer, report_page

pytest.importorskip("jinja2")
pytest.importorskip("plotly")

from .test_page import parsed


@pytest.fixture(scope="module")
def page(stable_diffusion_run):
    return report_page(stable_diffusion_run, others={"naive": stable_diffusion_run.report}, command="simulate ...")


def test_the_answer_has_time_interval_coverage_and_basis(stable_diffusion_run):
    report = stable_diffusion_run.report
    text = answer(report)
    assert text.startswith(f"{report.model} on {report.accelerator} takes ")
    assert f"such intervals held {100 * report.interval.coverage:.0f} % of {report.interval.count}" in text
    assert "of its kernel time is" in text


def test_a_bound_says_that_it_is_one(decoder_run):
    bound = simulate(decoder_run.launches.graph, load_accelerator("a100"), fidelity="roofline")
    assert "takes at least" in answer(bound.report)
    page = report_page(bound)
    assert [section.name for section in page.sections if section.name == "energy"] == []
    parsed(render(page))


def test_the_first_screen_says_where_time_goes_what_holds_back_and_what_would_help(page, stable_diffusion_run):
    stages, held, helps = page.blocks
    shares = {row[0]: row[2] for row in stages.blocks[0].rows}
    assert shares["unet"] == f"{100 * stable_diffusion_run.report.by_stage['unet'].share:.1f} %"
    assert held.blocks[0].rows
    assert helps.blocks[0].rows[0][0].startswith("compute")


def test_all_sections_are_there_and_the_page_is_well_formed(page):
    assert [s.name for s in page.sections] == [
        *("roofline-section", "breakdown", "over-run", "kernels", "energy", "certainty", "provenance")
    ]
    text = render(page)
    elements = parsed(text)
    assert len([a for t, a in elements.seen if t == "figure" and a.get("class") == "chart"]) == 8
    assert len(text) < 5e6


def test_the_costliest_kernels_are_explained(page):
    kernels = next(section for section in page.sections if section.name == "kernels")
    assert len(kernels.blocks) == 10
    assert all(any(row[0] == "time" for row in block.blocks[0].rows) for block in kernels.blocks)


def test_a_run_that_does_not_fit_says_so_first(stable_diffusion_run):
    small = replace(stable_diffusion_run.report, memory_capacity=10**9)
    assert report_page(stable_diffusion_run, report=small).warnings[0].startswith("Does not fit: the run needs")
