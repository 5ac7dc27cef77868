from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

KERNELS = (
    ("NVIDIA A100-SXM4-80GB", "aten::linear", "[[4096, 4096], [4096, 4096]]", "bfloat16", "{}", "6.0e-4", "", "x"),
    ("NVIDIA A100-SXM4-80GB", "aten::linear", "[[1024, 4096], [4096, 4096]]", "bfloat16", "{}", "1.7e-4", "", "x"),
)


@pytest.fixture
def kernels(tmp_path: Path) -> Path:
    """Table of two measured products."""
    path = tmp_path / "kernels.csv.gz"
    with gzip.open(path, "wt", newline="") as stream:
        writer = csv.writer(stream)
        columns = ("device", "op", "input_shapes", "dtype", "attributes", "latency_s", "kernel", "source")
        writer.writerows([columns, *KERNELS])
    return path


def test_kernels_as_a_list_of_objects(run: Callable[..., Any], kernels: Path) -> None:
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


def test_kernels_as_a_table(run: Callable[..., Any], kernels: Path, tmp_path: Path) -> None:
    assert "aten::linear" in run("kernels", kernels).out
    assert run("kernels", kernels, "-o", tmp_path / "out.txt").out == ""
    assert "aten::linear" in (tmp_path / "out.txt").read_text()


def test_published_cases(run: Callable[..., Any], tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(
        "id,model,component,device,n_devices,precision,attention_impl,compile,batch,height,width,steps,guidance,metric,"
        "value,source,notes\n"
        "x-1,Stable Diffusion v1.5,e2e,NVIDIA A100-80GB SXM,1,fp16,sdpa,eager,1,512,512,50,yes,seconds,1.6,here,q=A\n"
        "x-2,Stable Diffusion v1.5,e2e,NVIDIA A100-80GB SXM,1,fp16,sdpa,iree,1,512,512,50,yes,seconds,1,here,q=A\n"
    )
    plain = json.loads(run("published", table, "--format", "json").out)
    assert [row["id"] for row in plain["rows"]] == ["x-1"]
    assert plain["unmapped"] == {"engine is not modelled": 1}
    assert plain["summary"]["all"][0]["count"] == 1
    assert "engine is not modelled" in run("published", table).out
