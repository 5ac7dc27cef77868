from __future__ import annotations

from pathlib import Path

import pytest

from hw_specs import load_accelerator
from tracer.workloads import find_pipeline
from validation.study import Study, StudyError, list_studies, load_study
from validation.study.judges import find_judges
from validation.study.sections import list_sections
from validation.study.study import STUDIES, LatentImages


@pytest.fixture(scope="module", params=list_studies())
def shipped(request: pytest.FixtureRequest) -> Study:
    return load_study(request.param)


def test_each_model_names_a_pipeline_of_its_kind(shipped: Study) -> None:
    families = {"TTI": "image", "TTV": "video", "LLM": "language"}
    for model in shipped.models:
        pipeline = find_pipeline(model.workload)
        assert pipeline.architecture == model.architecture
        assert pipeline.family == families[model.task]
        assert model.settings.get("batch", pipeline.defaults.batch) == 1


def test_what_a_study_names_exists(shipped: Study) -> None:
    assert load_accelerator(shipped.accelerator)
    assert set(shipped.sections) <= set(list_sections())
    assert {s.measure.judge for s in shipped.statements if s.measure} <= set(find_judges())


def test_every_statement_was_read_somewhere(shipped: Study) -> None:
    assert all("recoll" not in statement.source for statement in shipped.statements)


def test_the_study_of_the_reference() -> None:
    study = load_study("golden2023")
    assert len(study.models) == 8
    assert [model.name for model in study.models if model.stand_in] == ["Prod Image"]
    assert {statement.id.rstrip("abc") for statement in study.statements} == {f"S{n}" for n in range(1, 15)}
    assert load_accelerator(study.accelerator).name == "A100-SXM4-80GB"
    assert study.sweeps.length_sizes == (256, 512, 768, 1024)
    assert set(study.sweeps.length_sizes) <= set(study.sweeps.image_sizes)


def test_levels_below_the_first_halve_the_sides() -> None:
    assert LatentImages(model="m", downsampling=8, text_tokens=77, sites=(5, 5, 5, 1)).depth == 3


def test_an_unknown_study_is_one_line_with_the_valid_ones() -> None:
    with pytest.raises(
        StudyError, match=r"unknown study 'golden2033'; did you mean 'golden2023'. valid: golden2023, or a YAML file"
    ):
        load_study("golden2033")


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="cannot be read"):
        load_study(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("video: Make-A-Video", "video: Make-A-Movie", "no model 'Make-A-Movie'; valid: LLaMA2"),
        ("  - id: S2\n", "  - id: S1\n", "S1 is there twice"),
        ("  - roofline\n", "", "statement S7a is in section 'roofline', which is not listed"),
        ("criterion: {share: {above: 0.6}}", "criterion: {share: {}}", "statements.6.criterion.share: .*give one of"),
        (
            "    expected: agree\n    remark: Products",
            "    remark: Products",
            "statements.12.expected: missing; give a value",
        ),
        ("judge: size_of_suite}", "judge: size_of_suite, which: all}", "statements.7.measure.*which: unknown key"),
        ("title: ", "- title: ", "is not valid YAML|refused|mapping"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (STUDIES / "golden2023.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "study.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(StudyError, match=message) as caught:
        load_study(path)
    assert "\n" not in str(caught.value)
