"""Study files: what is read, and every complaint at once."""

import pytest

from simulator.whatif.study.file import Range, Refused, Sampling, read_study

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
    file, refused = read_study(path)
    assert refused == Refused()
    assert file == read_study(TEXT)[0]
    assert file.models == ("stable-diffusion",)
    assert file.fields == {"memory.dram.bandwidth": Range(low="0.5x", high="2x", scale="log"), "batch": (1, 2)}
    assert read_study(file.model_dump(mode="json"))[0] == file


def test_every_complaint_has_a_line():
    tree = {"titel": "x", "models": [], "sampling": {"method": "dice", "samples": -1}, "fields": {"batch": []}}
    file, refused = read_study(tree, where="mine.yaml")
    lines = refused.complaints
    assert all(line.startswith("mine.yaml: ") and "\n" not in line for line in lines)
    for place in ("titel: unknown key", "models: ", "sampling.method: 'dice' is refused", "sampling.samples: -1"):
        assert any(place in line for line in lines), place
    assert refused.keys == {"titel", "models", "sampling", "fields.batch"}
    assert (file.title, file.sampling, file.fields) == ("Study", Sampling(), {})


@pytest.mark.parametrize("value", [True, None, {"a": 1}])
def test_values_are_numbers_or_texts(value):
    assert read_study({"models": "sdxl", "fields": {"batch": [value]}})[1].keys == {"fields.batch"}


def test_a_key_with_a_point_in_its_name_is_refused_with_a_line():
    refused = read_study({"models": "sdxl", "N memory.dram.bandwidth": {"low": "1x", "high": "2x"}})[1]
    assert refused.keys == {"N memory.dram.bandwidth"}
