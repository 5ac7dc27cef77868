"""All sections together: found by listing the folder, named by their files, and each with a table of its own name."""

from __future__ import annotations

from pathlib import Path

import pytest

import validation.study.sections
from validation.study import Study, StudyError, StudyResult
from validation.study.laboratory import Laboratory
from validation.study.sections import list_sections, make_sections


def test_sections_are_the_files_of_the_folder() -> None:
    files = Path(validation.study.sections.__file__).parent.glob("[a-z]*.py")
    assert list_sections() == tuple(sorted(path.stem for path in files))


def test_sections_are_those_that_the_study_names_and_each_table_has_one_name(study: StudyResult) -> None:
    assert tuple(section.name for section in study.sections) == study.study.sections
    names = [table.name for section in study.sections for table in section.tables]
    assert len(set(names)) == len(names)


def test_sections_say_what_they_show(study: StudyResult) -> None:
    for section in study.sections:
        assert section.shows
        assert "{" not in section.shows
        assert section.tables
        assert all(table.rows for table in section.tables)
        assert bool(section.draw) == bool(section.alt)


def test_a_section_that_there_is_not_is_found_before_anything_is_computed(reduced: Study) -> None:
    said: list[str] = []
    unknown = reduced.model_copy(update={"sections": ("taxonomy", "horoscope"), "statements": ()})
    with pytest.raises(StudyError, match=r"no section 'horoscope'; valid: .*taxonomy"):
        list(make_sections(Laboratory(unknown, progress=said.append)))
    assert said == []
