from __future__ import annotations

import pytest

from validation.study.findings import UntestableError
from validation.study.judges.intensity import (
    intensity_gap,
    intensity_gap_by_length,
    intensity_over_ridge,
    weight_reuse,
)
from validation.study.table import Table

WHO = {"model": "", "task": "", "architecture": "", "stand_in": ""}
ROOFLINE = dict.fromkeys(
    ("intensity_weights", "intensity_step", "intensity_traffic", "compute_bound_share", "ridge"), ""
)
TABLES = {
    "roofline": Table.of(
        "roofline",
        "",
        WHO | ROOFLINE,
        [
            ("A", "TTI", "diffusion", False, 20000.0, 800.0, 150.0, 0.7, 150.0),
            ("B", "TTI", "diffusion", False, 10000.0, 300.0, 140.0, 0.6, 150.0),
            ("L", "LLM", "transformer", False, 400.0, 1.0, 10.0, 0.3, 150.0),
            ("P", "TTI", "transformer", False, 100.0, 2.0, 3.0, 0.1, 150.0),
        ],
    ),
    "roofline_lengths": Table.of(
        "roofline_lengths",
        "",
        {"model": "", "prompt_length": "tokens", "intensity_weights": ""},
        [("L", 256, 200.0), ("L", 2048, 2000.0)],
    ),
    "taxonomy": Table.of(
        "taxonomy",
        "",
        WHO | {"runs": ""},
        [
            ("A", "TTI", "diffusion", False, 50),
            ("B", "TTI", "diffusion", False, 30),
            ("L", "LLM", "transformer", False, 200),
        ],
    ),
}
DIFFUSION = {"task": "TTI", "architecture": "diffusion"}


def test_the_gap_is_between_the_most_and_the_least() -> None:
    finding = intensity_gap(TABLES, models=DIFFUSION, over=["L", "P"])
    assert finding.values == {"gap": pytest.approx(200), "step_gap": pytest.approx(800)}
    assert finding.ours == "200x over the whole inference; 800x for one step of the main stage"
    with pytest.raises(UntestableError, match="none of X is in the suite"):
        intensity_gap(TABLES, models=DIFFUSION, over=["X"])


def test_weights_are_used_again_for_each_run() -> None:
    finding = weight_reuse(TABLES, models=DIFFUSION, over=["L"])
    assert finding.values == {"ratio": pytest.approx(50 / 200)}
    assert "L 200" in finding.ours


def test_the_lowest_intensity_is_held_against_the_ridge() -> None:
    finding = intensity_over_ridge(TABLES, models=DIFFUSION)
    assert finding.values == {"lowest_ratio": pytest.approx(300 / 150)}
    assert "ridge at 150" in finding.ours


def test_the_gap_by_length_is_over_one_language_model() -> None:
    finding = intensity_gap_by_length(TABLES, models=DIFFUSION, over="L")
    assert finding.values == {"shortest": pytest.approx(100), "longest": pytest.approx(10)}
    assert finding.ours == "over L by its prompt 256 tokens 100x, 2048 tokens 10x"
    with pytest.raises(UntestableError):
        intensity_gap_by_length(TABLES, models=DIFFUSION, over="X")
