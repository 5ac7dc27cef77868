"""All judges together: found by listing the folder, each with a name of its own and a statement that it measures."""

from __future__ import annotations

import importlib
import pkgutil

import validation.study.judges
from validation.study import list_studies, load_study
from validation.study.judges import find_judges


def test_judges_are_what_the_modules_of_the_folder_export() -> None:
    names = [
        name
        for info in pkgutil.iter_modules(validation.study.judges.__path__)
        for name in importlib.import_module(f"validation.study.judges.{info.name}").__all__
    ]
    assert sorted(find_judges()) == sorted(names)
    assert len(set(names)) == len(names)


def test_every_judge_measures_something() -> None:
    statements = [statement for name in list_studies() for statement in load_study(name).statements]
    measures = [m for s in statements for m in (s.measure, *(other.measure for other in s.definitions)) if m]
    assert {measure.judge for measure in measures} == set(find_judges())
