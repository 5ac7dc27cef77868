from __future__ import annotations

import pytest

from validation.study.findings import UntestableError
from validation.study.judges.components import components_of, size_of_suite
from validation.study.table import Table

TABLES = {
    "taxonomy": Table.of(
        "taxonomy",
        "",
        {"model": "", "architecture": "", "stand_in": ""},
        [("A", "diffusion", False), ("B", "transformer", False), ("C", "diffusion", True)],
    ),
    "stages": Table.of(
        "stages", "", {"model": "", "component": ""}, [("A", "unet"), ("A", "vae"), ("A", "unet"), ("B", "model")]
    ),
}


def test_models_and_stand_ins_are_counted() -> None:
    assert size_of_suite(TABLES).values == {"models": 3, "stand_ins": 1}


def test_components_are_counted_once_and_kinds_compared() -> None:
    finding = components_of(TABLES, diffusion=["A"], transformer=["B"])
    assert finding.values == {"fewest": 1, "as_stated": 2}
    assert components_of(TABLES, diffusion=["A", "B"], transformer=[]).values["as_stated"] == 1
    with pytest.raises(UntestableError, match="D not in the suite"):
        components_of(TABLES, diffusion=["D"], transformer=["B"])
