from __future__ import annotations

from pathlib import Path

import pytest

from hw_specs import load_accelerator
from simulator.execution import Execution
from tracer.workloads import find_pipeline, resolve
from validation.published.case import CASES, Case, CaseError, load_case, load_cases

VALID = """\
model: stable-diffusion
device: A100-SXM4-80GB
value: 1.591
source: somebody's README
grade: A
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "a-1.yaml"
    path.write_text(text)
    return path


def test_a_case_takes_its_id_from_the_file(tmp_path: Path) -> None:
    case = load_case(written(tmp_path, VALID))
    assert case == Case(
        id="a-1",
        model="stable-diffusion",
        device="A100-SXM4-80GB",
        value=1.591,
        source="somebody's README",
        grade="A",
    )


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (VALID.replace("1.591", "-1"), "value"),
        (VALID.replace("1.591", ".inf"), "no finite number"),
        (VALID.replace("grade: A", "grade: Z"), "grade"),
        (VALID.replace("somebody's README", "''"), "source"),
        (VALID + "colour: red\n", "colour"),
        (VALID.replace("model: stable-diffusion\n", ""), "model"),
        ("- a list\n", "no mapping"),
        ("a: [1\n", "is not valid YAML"),
        ("id: twice\n" + VALID, "id"),
    ],
)
def test_a_bad_case_is_one_line_that_says_where(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(CaseError) as caught:
        load_case(written(tmp_path, text))
    message = str(caught.value)
    assert where in message
    assert "a-1.yaml" in message
    assert "\n" not in message


def test_at_least_sixty_cases_ship() -> None:
    assert len(list(CASES.glob("*.yaml"))) >= 60


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_case_names_things_that_exist(path: Path) -> None:
    case = load_case(path)
    pipeline = find_pipeline(case.model)
    resolve(pipeline, case.settings)
    load_accelerator(case.device)
    Execution(**case.execution)  # type: ignore[arg-type]
    assert case.grade != "A" or not case.assumed
    assert (case.stage is not None) == (case.quantity != "latency")


def test_cases_come_by_file_name() -> None:
    names = [case.id for case in load_cases()]
    assert names == sorted(names)


def test_all_that_is_wrong_in_any_file_is_named(tmp_path):
    (tmp_path / "a.yaml").write_text("model: sd\nvalue: -1\ngrade: D\nsourc: x\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("id: b\n", encoding="utf-8")
    with pytest.raises(CaseError) as caught:
        load_cases(tmp_path)
    places = [line.removeprefix(f"{tmp_path}/").split(": ")[:2] for line in caught.value.complaints]
    of_a = [["a.yaml", key] for key in ("sourc", "device", "value", "source", "grade")]
    assert places == [*of_a, ["b.yaml", "must hold the fields of a case but its id, which is the name of the file"]]
