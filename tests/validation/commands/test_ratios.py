from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COLUMNS = (
    "id,model,component,device,n_devices,precision,attention_impl,compile,batch,height,width,steps,guidance,metric,"
    "value,source,notes\n"
)
ROW = "x-1,Stable Diffusion v1.5,unet,NVIDIA A100-80GB SXM,1,fp16,sdpa,eager,1,512,512,50,yes,it_per_s,20,here,q=A\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A run, the same on a T4, and one of an engine that is not modelled."""
    path = tmp_path / "t.csv"
    other = ROW.replace("A100-80GB SXM", "T4").replace("it_per_s,20", "it_per_s,4").replace("x-1", "x-2")
    path.write_text(COLUMNS + ROW + other + other.replace("eager", "iree"))
    return path


def test_json_is_a_list_by_kind_of_change(run: Callable[..., Any], table: Path) -> None:
    done = run("ratios", table, "--format", "json")
    (record,) = json.loads(done.out)
    assert done.status == 0
    assert list(record) == ["change", "count", "median_ape", "bias", "ranked_right"]
    assert (record["change"], record["count"], record["ranked_right"]) == ("accelerator", 1, 1.0)
    assert record["median_ape"] == pytest.approx(abs(record["bias"]))


def test_the_table_lists_the_worst_pairs_on_request(run: Callable[..., Any], table: Path, tmp_path: Path) -> None:
    text = run("ratios", table, "--worst", "3").out
    assert "T4 over A100-SXM4-80GB: measured 5," in text
    assert "engine is not modelled" in text
    assert run("ratios", table, "-o", tmp_path / "out.txt").out == ""
    assert "accelerator" in (tmp_path / "out.txt").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing.csv",), "missing.csv: cannot be read"),
        (("--grade", "D"), "unknown grade 'D'; valid: A, AB, ABC"),
        (("--format", "xml"), "unknown format 'xml'"),
        (("--worst", "-1"), "--worst"),
    ],
)
def test_what_a_user_can_mend_is_one_line(run: Callable[..., Any], arguments: tuple[str, ...], message: str) -> None:
    done = run("ratios", *arguments)
    assert done.status == 2
    assert message in done.err


def test_one_run_alone_is_nothing_to_compare(run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text(COLUMNS + ROW)
    done = run("ratios", path)
    assert done.status == 2
    assert "no two runs to compare: no other run of its source" in done.err
