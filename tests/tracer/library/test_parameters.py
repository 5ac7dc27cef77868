from __future__ import annotations

from pathlib import Path

import pytest

from tracer.library.bundle import bundled_graph
from tracer.library.parameters import ParameterRow, markdown_table, parameter_rows, rows_of
from tracer.workloads import Pipeline, iter_pipelines

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "parameters.md"


def row(ours: int, published: float | None, *, rounded: bool = False, differs: str = "") -> ParameterRow:
    return ParameterRow(model="m", component="c", ours=ours, published=published, rounded=rounded, differs=differs)


@pytest.mark.parametrize(
    ("ours", "published", "rounded", "agrees"),
    [
        (1009, 1000, False, True),
        (1011, 1000, False, False),
        (1090, 1000, True, True),
        (1110, 1000, True, False),
        (5, None, False, True),
    ],
)
def test_agreement(ours: int, published: float | None, rounded: bool, agrees: bool) -> None:
    assert row(ours, published, rounded=rounded).agrees is agrees


@pytest.mark.parametrize("pipeline", list(iter_pipelines()), ids=lambda p: p.name)
def test_every_component_has_the_published_size(pipeline: Pipeline) -> None:
    graph = bundled_graph(pipeline.name, pipeline.defaults)
    assert graph is not None, "rebuild the bundle: trace bundle"
    rows = list(rows_of(pipeline, graph))
    assert {r.component for r in rows} >= set(pipeline.parameters)
    assert [r for r in rows if not r.agrees] == []


def test_the_page_shows_the_table() -> None:
    assert markdown_table(list(parameter_rows())) in PAGE.read_text(encoding="utf-8")


def test_the_table_says_what_is_rounded_and_what_is_not_published() -> None:
    assert "| +25.00 % (the paper says why) |" in markdown_table([row(5, 4, differs="the paper says why")])
    assert row(5, 4, differs="the paper says why").agrees
    text = markdown_table([row(2_147_000_000, 2e9, rounded=True), row(5, None), row(859_520_964, 859_520_964)])
    assert "| 2,147,000,000 | 2 G (rounded) | +7.35 % |" in text
    assert "| 5 | not published |  |" in text
    assert "| 859,520,964 | 859,520,964 | +0.00 % |" in text
