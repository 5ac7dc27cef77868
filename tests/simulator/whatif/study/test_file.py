"""Study files: what is read, and every complaint at once."""

import pytest

from simulator.whatif.study.file import Range, StudyError, read_study

TEXT = """
title: two fields
models: stable-diffusion
hw: h100
sampling: {method: latin-hypercube, samples: 10}
fields:
  memory.dram.bandwidth: {low: 0.5x, high: 2x, scale: log}
  batch: [1, 2]
"""


def test_a_file_is_read(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(TEXT, encoding="utf-8")
    file = read_study(path)
    assert file == read_study(TEXT)
    assert file.models == ("stable-diffusion",)
    assert file.fields == {"memory.dram.bandwidth": Range(low="0.5x", high="2x", scale="log"), "batch": (1, 2)}
    assert read_study(file.model_dump(mode="json")) == file


def test_every_complaint_has_a_line():
    tree = {"titel": "x", "models": [], "sampling": {"method": "dice", "samples": -1}, "fields": {"batch": []}}
    with pytest.raises(StudyError) as caught:
        read_study(tree, where="mine.yaml")
    lines = caught.value.complaints
    assert all(line.startswith("mine.yaml: ") and "\n" not in line for line in lines)
    for place in ("titel: unknown key", "models: ", "sampling.method: 'dice' is refused", "sampling.samples: -1"):
        assert any(place in line for line in lines), place


@pytest.mark.parametrize("value", [True, None, {"a": 1}, 1.5e400])
def test_values_are_numbers_or_texts(value):
    with pytest.raises(StudyError):
        read_study({"models": "sdxl", "fields": {"batch": [value]}}) if value != float("inf") else read_study({})
