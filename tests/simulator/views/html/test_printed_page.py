"""Pages of what commands print as tables."""

import pytest

from simulator.views.html.page import render
from simulator.views.html.printed_page import printed_page, ranges_chart

pytest.importorskip("jinja2")
pytest.importorskip("plotly")

from .test_page import parsed


def _printed(console):
    from rich.table import Table

    table = Table("part", "latency")
    table.add_row("unet[/bold]", "1 s")
    console.print("A [model]: one <line>", highlight=False)
    console.print("kept [as it is]")
    console.print()
    console.print(table)


def test_what_is_printed_stands_on_the_page():
    page = printed_page(_printed, title="T", answer="A.", remarks=["beside"], command="whatif compare")
    tables, notes = page.sections[0], page.sections[1]
    (table,) = tables.blocks
    assert (list(table.columns), list(table.rows)) == (["part", "latency"], [("unet[/bold]", "1 s")])
    assert notes.text == ["A [model]: one <line>", "kept [as it is]", "beside"]
    text = render(page)
    parsed(text)
    assert "one &lt;line&gt;" in text
    assert "whatif compare" in text


def test_ranges_end_where_they_should():
    rows = [("a", 2.0, 1.0, 4.0), ("b", 3.0, None, None)]
    chart = ranges_chart("x", rows, title="T", says="s", unit="u", text=lambda v: f"{v:g} s", line=1.0)
    (trace,) = chart.traces
    assert (trace["error_x"]["array"], trace["error_x"]["arrayminus"]) == ([2.0, 0.0], [1.0, 0.0])
    assert chart.table.rows == [("a", "2 s", "1 s", "4 s"), ("b", "3 s", "", "")]
    assert trace["text"] == ["a: 2 s, 1 s to 4 s", "b: 3 s"]
    assert len(chart.layout["shapes"]) == 1
