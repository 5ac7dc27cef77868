from __future__ import annotations

import pytest

from validation.study.judged_scaling import JUDGES
from validation.study.table import Cell, Table


def test_growth_that_follows_from_shapes_is_reproduced(tables: dict[str, Table]) -> None:
    for name in ("S8b", "S9a", "S9b", "S10", "M24", "M27"):
        assert JUDGES[name](tables).verdict == "agree", name


def test_the_nine_times_of_the_recollection(tables: dict[str, Table]) -> None:
    # Frames of the interpolation, 76, at 32 x 32, 16 x 16 and 8 x 8 with 7, 7 and 8 sites: 9.8 times.
    ours = JUDGES["M24"](tables).ours
    assert "interpolation 9.8x" in ours


@pytest.mark.parametrize(
    ("convolution", "attention", "verdict"), [(2.2, 2.0, "agree"), (1.5, 2.0, "disagree"), (2.0, 2.0, "disagree")]
)
def test_convolution_must_grow_faster(convolution: float, attention: float, verdict: str) -> None:
    units = {"attention": "", "attribution": "", "part": "", "exponent_time": ""}
    rows: list[tuple[Cell, ...]] = [
        ("flash", attribution, part, exponent)
        for attribution in ("operator", "module")
        for part, exponent in (("convolution", convolution), ("attention", attention))
    ]
    tables = {"image_size_growth": Table.of("image_size_growth", "", units, rows)}
    assert JUDGES["S12"](tables).verdict == verdict


def test_every_judge_says_why(tables: dict[str, Table]) -> None:
    for name, judged in JUDGES.items():
        finding = judged(tables)
        assert finding.why, name
        assert finding.verdict in ("agree", "disagree", "untestable"), name
