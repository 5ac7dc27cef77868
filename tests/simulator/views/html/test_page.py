"""Pages as one file: sections, figures, tables."""

import base64
import json
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from simulator.views.html.page import Bar, Chart, Page, Section, Table, render, require_libraries

pytest.importorskip("jinja2")
pytest.importorskip("plotly")

_VOID = {"meta", "link", "br", "hr", "img", "input"}


class _Elements(HTMLParser):
    """Elements in order, and whether every one is closed in turn."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.identities = [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        self.identities += [value for name, value in attrs if name == "id"]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(text):
    elements = _Elements()
    elements.feed(text)
    assert elements.open == []
    assert len(elements.identities) == len(set(elements.identities))
    return elements


def a_table(**more):
    return Table(caption="Times", columns=("name", "time"), rows=[("a <b>", "1 s"), ("c", "2 s")], **more)


def a_chart(text="x"):
    traces = [{"type": "bar", "x": [1.0], "y": [text]}]
    return Chart(name="bars", title="Bars", says="What is shown.", traces=traces, layout={}, table=a_table())


def a_page(title="A page", **more):
    sections = (
        Section(name="first", title="First", text=["A sentence."], blocks=[a_chart(), a_table(bars=(0.5, 1.0))]),
        Section(name="inner", title="Folded", blocks=[Section(name="x", title="Inside", blocks=[], folded=True)]),
    )
    bar = Bar(caption="Parts", parts=[("a", 0.25, "25 %", "#ff0000")])
    blocks = [Section(name="b", title="B", blocks=[bar])]
    return Page(title=title, subtitle="sub", answer="42.", blocks=blocks, sections=sections, **more)


def test_everything_of_a_page_is_there_and_closed():
    text = render(a_page(facts=[("Energy", "3 J")], warnings=["Does not fit."], made_by="roofcast"))
    elements = parsed(text)
    assert text.count("<h1>") == 1
    for part in ("42.", "Energy", "3 J", "Does not fit.", "A sentence.", "a &lt;b&gt;", "Inside", "25 %"):
        assert part in text
    links = {attrs["href"][1:] for tag, attrs in elements.seen if tag == "a"}
    assert links <= set(elements.identities)


def test_every_figure_has_words_and_its_numbers_as_a_table():
    elements = parsed(render(a_page()))
    figures = [attrs for tag, attrs in elements.seen if tag == "figure" and attrs.get("class") == "chart"]
    assert len(figures) == 1
    assert figures[0]["aria-labelledby"] in elements.identities
    plots = [attrs for _, attrs in elements.seen if attrs.get("class") == "plot"]
    assert plots[0]["aria-label"] == "Bars: What is shown."
    headers = [attrs for tag, attrs in elements.seen if tag == "th"]
    assert {attrs["scope"] for attrs in headers} == {"col", "row"}


def test_nothing_is_loaded_from_elsewhere():
    text = render(a_page())
    elements = parsed(text)
    assert [attrs for _, attrs in elements.seen if {"src", "srcset", "action"} & attrs.keys()] == []
    policy = [a["content"] for _, a in elements.seen if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy[0].startswith("default-src 'none'")
    assert "url(" not in re.sub(r'<script type="text/plain".*?</script>', "", text, flags=re.S)


def test_text_of_a_user_is_no_markup():
    text = render(a_page(title="</title><script>alert(1)</script>"))
    parsed(text)
    assert "<script>alert(1)" not in text


def test_data_of_a_figure_cannot_end_their_element():
    figure = a_chart("</script><script>alert(1)</script>&amp;").figure()
    assert "<" not in figure
    assert json.loads(figure)["data"][0]["y"] == ["</script><script>alert(1)</script>&amp;"]


def test_a_figure_has_no_number_that_json_lacks():
    chart = a_chart()
    bad = replace(chart, traces=[{"x": [float("nan")]}])
    with pytest.raises(ValueError, match="not JSON compliant"):
        bad.figure()


def test_the_library_is_the_one_that_is_installed():
    require_libraries()
    text = render(a_page())
    packed = re.search(r'id="library">([^<]+)<', text).group(1)
    assert b"plotly.js v" in zlib.decompress(base64.b64decode(packed))[:200]
