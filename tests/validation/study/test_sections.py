from __future__ import annotations

from validation.study import StudyResult
from validation.study.claims import load_statements
from validation.study.sections import SECTIONS


def test_sections_are_those_listed_and_each_table_has_one_name(study: StudyResult) -> None:
    assert [section.name for section in study.sections] == [name for name, _ in SECTIONS]
    names = [table.name for section in study.sections for table in section.tables]
    assert len(set(names)) == len(names)


def test_statements_belong_to_sections() -> None:
    assert {statement.section for statement in load_statements()} <= {name for name, _ in SECTIONS}


def test_sections_say_what_they_show(study: StudyResult) -> None:
    for section in study.sections:
        assert section.shows
        assert section.tables
        assert all(table.rows for table in section.tables)
        assert bool(section.draw) == bool(section.alt)
