from __future__ import annotations

import re
from pathlib import Path

import pytest

from hw_specs import load_accelerator
from tracer.workloads import find_pipeline
from validation.published.case import CaseError
from validation.published.entries import Record
from validation.published.names import NAMES, Attention, all_that_fit, first_that_fits, load_names
from validation.published.table import read_published

COLUMNS = (
    "id,model,component,device,n_devices,precision,attention_impl,compile,batch,height,width,frames,steps,guidance,"
    "metric,value,memory_gb,source,notes\n"
)
ROW = "x-1,their CogVideoX,e2e,NVIDIA A100-80GB SXM,1,fp16,sdpa,eager,1,480,720,49,50,yes,seconds,100,,somebody,q=A\n"


def changed(folder: Path, old: str, new: str) -> Path:
    path = folder / "names.yaml"
    text = NAMES.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_one_line_maps_a_new_name(tmp_path: Path) -> None:
    """The recipe of CONTRIBUTING.md: a line under ``models`` with the pattern and the workload."""
    table = tmp_path / "table.csv"
    table.write_text(COLUMNS + ROW)
    (before,) = read_published(table).unmapped
    assert before.reason == "model is no workload"
    names = changed(tmp_path, "models:\n", "models:\n  - {pattern: '.*cogvideox', workload: cogvideox-2b}\n")
    (case,) = read_published(table, names).cases
    assert (case.model, case.device, case.value, case.grade) == ("cogvideox-2b", "A100-SXM4-80GB", 100.0, "A")


def test_what_names_mean_exists() -> None:
    names = load_names()
    assert all(find_pipeline(model.workload).name == model.workload for model in names.models)
    assert {kind.name for kind in names.workloads} <= {model.workload for model in names.models}
    for device in names.devices:
        assert load_accelerator(device.accelerator).name == device.accelerator


@pytest.mark.parametrize(
    ("text", "kernel"),
    [("CK", "ck"), ("flash attention 2 (CK)", "ck"), ("aiter fmha", "aiter"), ("AOTriton", "flash"), ("FA2", "flash2")],
)
def test_attention_of_libraries_for_wavefronts(text: str, kernel: str) -> None:
    found = first_that_fits(load_names().attentions, text)
    assert found is not None
    assert found.attention == kernel


def test_a_pattern_fits_the_whole_text_and_contains_a_piece() -> None:
    whole, piece = Attention(pattern="sdpa", attention="flash"), Attention(contains="sdpa", attention="flash")
    assert [entry.fits("SDPA") for entry in (whole, piece)] == [True, True]
    assert [entry.fits("sdpa math") for entry in (whole, piece)] == [False, True]
    assert list(all_that_fit((whole, piece), "sdpa math")) == [piece]
    assert first_that_fits((piece, whole), "sdpa") is piece
    assert first_that_fits((whole,), "triton") is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("workload: sd2.1}", "workloads: sd2.1}", "models.2.workloads: unknown key; .* did you mean 'workload'"),
        ("pattern: 'sdxl-turbo'", "pattern: 'sdxl-(turbo'", "models.4.pattern: .* is no regular expression"),
        ("{pattern: 'sdxl-turbo',", "{", "models.4: give either pattern or contains"),
        ("part: whole}", "part: half}", "components.0.part"),
        ("models:\n", "models: [\n", "is not valid YAML"),
        ("precisions:\n", "formats:\n", "formats: unknown key; valid are models, "),
    ],
)
def test_a_line_that_is_wrong_is_named_in_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(CaseError) as caught:
        load_names(changed(tmp_path, old, new))
    assert re.search(message, str(caught.value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("eager torch1.13\nq=A", "torch-1.13"),
        ("eager (PyTorch 1.12)\n", "torch-1.12"),
        ("eager\nq=A; nightly(2.1 pre); it/s", "torch-2.1"),
        ("torch.compile\nq=A; torch version not stated", ""),
    ],
)
def test_the_release_is_read_out_of_words(text: str, release: str) -> None:
    assert load_names().release(text) == release


def test_a_source_is_its_own_table_unless_a_line_says_so() -> None:
    names = load_names()
    assert names.table("somebody") == "somebody"
    assert names.table("github.com/LambdaLabsML/lambda-diffusers@1:a.csv").startswith("LambdaLabsML")


def test_a_line_for_software_names_its_group(tmp_path: Path) -> None:
    path = changed(tmp_path, "?P<release>", "")
    with pytest.raises(CaseError, match=r"software: .*group 'release'"):
        load_names(path)


def test_every_mapping_is_one_line() -> None:
    text = NAMES.read_text(encoding="utf-8")
    names = load_names()
    count = sum(len(lines) for _, lines in names if isinstance(lines, tuple) and isinstance(lines[0], Record))
    assert len(re.findall(r"^  - \{.*\}$", text, flags=re.MULTILINE)) == count


def test_every_line_that_is_wrong_is_named(tmp_path: Path) -> None:
    wrong = "models:\n  - {patern: x, workload: 3}\n  - {pattern: '(', workload: y}\n"
    path = changed(tmp_path, "models:\n", wrong)
    with pytest.raises(CaseError) as caught:
        load_names(path)
    unknown, kind, expression = caught.value.complaints
    assert unknown.startswith(f"{path}: models.0.patern: unknown key; valid are reason, pattern, ")
    assert unknown.endswith("; did you mean 'pattern'?")
    assert kind == f"{path}: models.0.workload: 3 is refused; input should be a valid string"
    assert expression.startswith(f"{path}: models.1.pattern: '(' is no regular expression: ")
