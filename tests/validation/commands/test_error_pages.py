"""Pages of errors: what the terminal says in figures, as one file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from validation.commands.error_pages import projection_page
from validation.fitting.intervals.projections import ProjectionCoverage

pytest.importorskip("plotly", reason="pages need plotly")

COLUMNS = (
    "id,model,component,device,n_devices,precision,attention_impl,compile,batch,height,width,steps,guidance,metric,"
    "value,source,notes\n"
)
ROW = "x-1,Stable Diffusion v1.5,unet,NVIDIA A100-80GB SXM,1,fp16,sdpa,eager,1,512,512,50,yes,it_per_s,20,here,q=A\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A run, and the same on another part."""
    path = tmp_path / "t.csv"
    path.write_text(COLUMNS + ROW + ROW.replace("A100-80GB SXM", "T4").replace("s,20", "s,4").replace("x-1", "x-<2>"))
    return path


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (
            "published",
            ("Of 2 published runs the median error is", "By device", "x-&lt;2&gt;", "time of a run [s], measured"),
        ),
        ("ratios", ("Of 1 pairs of runs", "accelerator", "By change", "times as fast, measured")),
    ],
)
def test_a_page_says_what_the_terminal_says(
    kind: str, says: tuple[str, ...], run: Callable[..., Any], table: Path, tmp_path: Path
) -> None:
    assert run(kind, table, "--report", tmp_path / "page.html").status == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for words in says:
        assert words in page
    assert "x-<2>" not in page


def test_a_page_that_cannot_be_written_is_refused_first(run: Callable[..., Any], table: Path) -> None:
    for command in ("published", "ratios", "projection"):
        done = run(command, table, "--report", "page.pdf")
        assert (done.status, "ends in .html" in done.err) == (2, True)


def test_a_projection_says_how_often_its_intervals_held() -> None:
    held = ProjectionCoverage(kind="same line", runs=40, pairs=2, coverage=0.75, error=0.1, half_width=0.2)
    page = projection_page([held], lambda console: console.print("one line"), "validate projection x.csv")
    assert page.answer == "80 % intervals held 75 % of 40 same line."
    assert "one line" in page.sections[1].text
