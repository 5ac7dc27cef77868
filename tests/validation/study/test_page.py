from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from validation.study import StudyResult
from validation.study.page import page, shown
from validation.study.sections import SECTIONS

PNG = b"\x89PNG not really"


@pytest.fixture(scope="module")
def html(study: StudyResult) -> str:
    return page(
        study.sections,
        claims=study.judged,
        broken=study.broken,
        accelerator=study.accelerator,
        images={section.name: PNG for section in study.sections if section.draw},
    )


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.identifiers: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.targets += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]
        self.identifiers += [value or "" for name, value in attrs if name == "id"]
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_loads_nothing_and_its_tags_are_closed(html: str) -> None:
    parser = _Links()
    parser.feed(html)
    assert parser.open == []
    assert all(target.startswith(("#", "data:image/png;base64,")) for target in parser.targets)
    assert {target[1:] for target in parser.targets if target.startswith("#")} <= set(parser.identifiers)
    assert not re.search(r"@import|url\(|<script|<link", html)


def test_the_page_has_every_section_claim_and_figure(html: str, study: StudyResult) -> None:
    for name, _ in SECTIONS:
        assert f'<section id="{name}">' in html
    for claim in study.judged:
        assert f"<td>{claim.id}</td>" in html
    assert html.count("data:image/png") == sum(section.draw is not None for section in study.sections)


def test_recollections_stand_apart_and_are_called_unverified(html: str) -> None:
    claims, recollections = html.index('<section id="claims">'), html.index('<section id="recollections">')
    assert claims < html.index("<td>S1</td>") < recollections < html.index("<td>M1</td>")
    assert "unverified" in html[recollections:]


@pytest.mark.parametrize(
    ("cell", "text"), [(None, ""), (True, "yes"), (1234567, "1,234,567"), (0.123456, "0.1235"), ("a", "a")]
)
def test_cells_for_people(cell: str | float | bool | None, text: str) -> None:
    assert shown(cell) == text
