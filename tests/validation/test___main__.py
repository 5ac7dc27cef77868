"""The ``validate`` command: every subcommand on small data, and one line for everything that a user can mend."""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from validation import __main__ as command_line

KERNELS = (
    ("NVIDIA A100-SXM4-80GB", "aten::linear", "[[4096, 4096], [4096, 4096]]", "bfloat16", "{}", "6.0e-4", "", "x"),
    ("NVIDIA A100-SXM4-80GB", "aten::linear", "[[1024, 4096], [4096, 4096]]", "bfloat16", "{}", "1.7e-4", "", "x"),
)


class Done(NamedTuple):
    """Outcome of one command."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Function that runs ``validate`` with some arguments in this process."""

    def validate(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["validate", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            command_line.main()
        captured = capsys.readouterr()
        code = caught.value.code
        return Done(code if isinstance(code, int) else 0, captured.out, captured.err)

    return validate


@pytest.fixture
def kernels(tmp_path: Path) -> Path:
    """Table of two measured products."""
    path = tmp_path / "kernels.csv.gz"
    with gzip.open(path, "wt", newline="") as stream:
        writer = csv.writer(stream)
        columns = ("device", "op", "input_shapes", "dtype", "attributes", "latency_s", "kernel", "source")
        writer.writerows([columns, *KERNELS])
    return path


def test_kernels_as_a_list_of_objects(run: Callable[..., Done], kernels: Path) -> None:
    done = run("kernels", kernels, "--format", "json")
    (record,) = json.loads(done.out)
    assert done.status == 0
    assert record["count"] == 2
    assert set(record) >= {
        "device",
        "op",
        "dtype",
        "count",
        "mape",
        "mape_over_50us",
        "median_ape",
        "bias",
        "within_10_percent",
        "time_weighted",
        "roofline_mape",
    }


def test_kernels_as_a_table(run: Callable[..., Done], kernels: Path, tmp_path: Path) -> None:
    assert "aten::linear" in run("kernels", kernels).out
    assert run("kernels", kernels, "-o", tmp_path / "out.txt").out == ""
    assert "aten::linear" in (tmp_path / "out.txt").read_text()


def test_published_cases(run: Callable[..., Done], tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(
        "id,model,component,device,n_devices,precision,attention_impl,compile,batch,height,width,steps,guidance,metric,"
        "value,source,notes\n"
        "x-1,Stable Diffusion v1.5,e2e,NVIDIA A100-80GB SXM,1,fp16,sdpa,eager,1,512,512,50,yes,seconds,1.6,here,q=A\n"
        "x-2,Stable Diffusion v1.5,e2e,NVIDIA A100-80GB SXM,1,fp16,sdpa,tensorrt,1,512,512,50,yes,seconds,1,here,q=A\n"
    )
    plain = json.loads(run("published", table, "--format", "json").out)
    assert [row["id"] for row in plain["rows"]] == ["x-1"]
    assert plain["unmapped"] == {"engine is not PyTorch": 1}
    assert plain["summary"]["all"][0]["count"] == 1
    assert "engine is not PyTorch" in run("published", table).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("kernels", "/nonexistent.csv"), "nonexistent"),
        (("published", "--grade", "Q"), "grade"),
        (("published", "/nonexistent.csv"), "nonexistent"),
        (("trace", "/nonexistent.json"), "nonexistent"),
        (("trace", "/nonexistent.json", "--hw", "a1000000"), "a1000000"),
        (("trace", "/nonexistent.json", "--attention", "none"), "attention"),
        (("study", "other2020"), "golden2023"),
        (("accuracy", "/nonexistent"), "kernels"),
        (("energy", "/nonexistent"), "nonexistent"),
        (("calibrate", "/nonexistent.csv"), "nonexistent"),
        (("calibrate", "/nonexistent.csv", "--folder", "/nonexistent"), "folder"),
        (("calibrate",), "--ceilings"),
        (("calibrate", "--ceilings", "/nonexistent.csv"), "nonexistent"),
        (("campaign", "-o", "begun", "--minutes", "0"), "minutes"),
        (("campaign", "-o", "/nonexistent/x", "--device", "cpu"), "nonexistent"),
        (("probe", "-o", "/nonexistent/my.yaml", "--device", "cpu"), "nonexistent"),
        (("probe", "-o", "my.yaml", "--device", "cpu", "--seconds", "-1"), "seconds"),
        (("check", "/nonexistent", "--hw", "a100"), "no calibration beside it"),
        (("check", "run.trace", "--hw", "a100", "--calibration", "absent.yaml"), "absent.yaml: no such file"),
        (("kernels", "--format", "xml", "x.csv"), "xml"),
        (("frobnicate",), "'frobnicate'. Valid: published, kernels"),
        (("study", "golden2023", "-o", "absent/study"), "absent/study: cannot make this folder"),
        (("intervals", "--grade", "Z"), "unknown grade 'Z'; valid: A, AB, ABC"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else str(value),
)
def test_what_a_user_can_mend_is_one_line(
    run: Callable[..., Done], arguments: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.status == 2
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert words in done.err
    assert list(tmp_path.iterdir()) == []


def test_published_rates_become_calibrations(run: Callable[..., Done], tmp_path: Path) -> None:
    table = tmp_path / "ceilings.csv"
    table.write_text(
        "device,what,dtype,value,unit,source\n"
        "AMD MI355X,max matmul; best shape MxNxK 12288x8192x8192,bf16,1565,TFLOP/s,somebody\n"
        "AMD RX 99,max matmul,bf16,1,TFLOP/s,somebody\n",
        encoding="utf-8",
    )
    done = run("calibrate", "--ceilings", table, "--folder", tmp_path)
    assert done.status == 0
    assert "1 best rates" in done.out
    assert "unknown device or value: AMD RX 99" in done.out
    assert "cdna4.yaml: 6 parameters from 1 published rates" in done.out
    assert (tmp_path / "cdna4.yaml").is_file()
