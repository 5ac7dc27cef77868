from __future__ import annotations

from validation.study.judged_models import JUDGES
from validation.study.table import Table


def test_facts_of_the_models_do_not_depend_on_the_cost_model(tables: dict[str, Table]) -> None:
    verdicts = {name: judged(tables).verdict for name, judged in JUDGES.items()}
    assert verdicts == {
        "S3a": "agree",
        "S3b": "disagree",
        "S4": "agree",
        "S6": "untestable",
        "S7a": "disagree",
        "S7b": "disagree",
        "S7c": "agree",
        "S11": "untestable",
        "S13": "untestable",
        "S14": "agree",
        "M1": "disagree",
        "M2": "agree",
        "M3": "agree",
        "M20": "disagree",
        "M21": "agree",
        "M22": "agree",
        "M28": "untestable",
    }


def test_intensity_gap_says_what_it_compares(tables: dict[str, Table]) -> None:
    finding = JUDGES["S7a"](tables)
    gap = tables["roofline"].number("intensity_weights", model="Stable Diffusion") / tables["roofline"].number(
        "intensity_weights", model="Parti"
    )
    assert finding.ours.startswith(f"{gap:.0f}x")


def test_sequence_length_gives_step_and_range(tables: dict[str, Table]) -> None:
    ours = JUDGES["S4"](tables).ours
    assert ours.startswith("4x")
    assert "Stable Diffusion 64x, Imagen 16x" in ours
