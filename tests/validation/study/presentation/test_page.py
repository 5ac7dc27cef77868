from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from validation.study import StudyResult
from validation.study.presentation.page import page, shown

PNG = b"\x89PNG not really"


@pytest.fixture(scope="module")
def html(study: StudyResult) -> str:
    return page(
        study.study,
        study.sections,
        claims=study.judged,
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
    for name in study.study.sections:
        assert f'<section id="{name}">' in html
    for claim in study.judged:
        assert f"<td>{claim.id}</td>" in html
    assert html.count("data:image/png") == sum(section.draw is not None for section in study.sections)


def test_the_head_is_the_studys_own(html: str, study: StudyResult) -> None:
    assert f"<title>{study.study.title}</title>" in html
    assert "simulated on the A100-SXM4-80GB" in html
    assert "No longer reproduced" not in html


def test_claims_that_no_longer_hold_are_named(study: StudyResult) -> None:
    claims = [replace(claim, expected="agree", verdict="disagree") for claim in study.judged[:1]]
    text = page(study.study, (), claims=claims, accelerator="X", images={})
    assert f"No longer reproduced: {claims[0].id}." in text


@pytest.mark.parametrize(
    ("cell", "text"), [(None, ""), (True, "yes"), (1234567, "1,234,567"), (0.123456, "0.1235"), ("a", "a")]
)
def test_cells_for_people(cell: str | float | bool | None, text: str) -> None:
    assert shown(cell) == text
