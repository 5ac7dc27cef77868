from __future__ import annotations

import pytest

from validation.study.claims import UntestableError
from validation.study.judged_shares import (
    JUDGES,
    convolution_after_flash,
    flash_benefit,
    linear_after_flash,
    listed,
    models_of,
)
from validation.study.table import Table

_WHO = {"model": "", "task": "", "architecture": "", "stand_in": ""}


def _breakdown(shares: dict[tuple[str, str], dict[str, float]]) -> dict[str, Table]:
    """Breakdown of (model, architecture) to shares, the same under both attributions."""
    units = {**_WHO, "attention": "", "attribution": "", "part": "", "time": "s", "share": ""}
    rows = [
        (model, "TTI", architecture, model == "Stand-in", "flash", attribution, part, share, share)
        for (model, architecture), parts in shares.items()
        for attribution in ("operator", "module")
        for part, share in parts.items()
    ]
    return {"operator_breakdown": Table.of("operator_breakdown", "", units, rows)}


@pytest.mark.parametrize(("share", "verdict"), [(0.44, "agree"), (0.36, "agree"), (0.79, "disagree")])
def test_convolution_within_ten_points(share: float, verdict: str) -> None:
    tables = _breakdown({("A", "diffusion"): {"convolution": share}, ("Stand-in", "diffusion"): {"convolution": 0.99}})
    assert convolution_after_flash(tables).verdict == verdict


@pytest.mark.parametrize(("share", "verdict"), [(0.49, "agree"), (0.70, "disagree")])
def test_linear_within_ten_points(share: float, verdict: str) -> None:
    assert linear_after_flash(_breakdown({("A", "transformer"): {"linear": share}})).verdict == verdict


@pytest.mark.parametrize(("diffusion", "verdict"), [(2.0, "agree"), (1.05, "disagree"), (3.0, "disagree")])
def test_benefit_of_flash_is_a_ratio_of_means(diffusion: float, verdict: str) -> None:
    units = {**_WHO, "speedup_attention_module": ""}
    rows = [("A", "TTI", "diffusion", False, diffusion), ("B", "TTI", "transformer", False, 1.0)]
    finding = flash_benefit({"flash_speedup": Table.of("flash_speedup", "", units, rows)})
    assert finding.verdict == verdict
    assert f"{diffusion:.2f}x" in finding.ours


def test_no_model_of_a_kind_is_untestable() -> None:
    with pytest.raises(UntestableError, match="architecture diffusion"):
        models_of(Table.of("t", "", _WHO, []), architecture="diffusion")


def test_values_are_listed() -> None:
    assert listed({"A": 0.5, "B": 0.254}) == "A 50%, B 25%"


def test_every_share_is_judged_on_the_study(tables: dict[str, Table]) -> None:
    for name, judged in JUDGES.items():
        finding = judged(tables)
        assert finding.verdict in ("agree", "disagree", "untestable"), name
        assert finding.ours, name
        assert finding.why, name
