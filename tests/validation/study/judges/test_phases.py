from __future__ import annotations

from validation.study.judges.phases import main_stages_resemble
from validation.study.table import Cell, Table

UNITS = dict.fromkeys(
    ("model", "architecture", "stand_in", "main", "queries", "flops_per_weight_byte", "phase", "above_ridge"), ""
)


def test_main_stages_in_a_phase_and_above_the_ridge_are_counted() -> None:
    rows: list[tuple[Cell, ...]] = [
        ("A", "transformer", False, True, "256", 489.0, "parallel decoding", True),
        ("A", "transformer", False, False, "1", 1.0, "decode", False),
        ("B", "transformer", False, True, "1", 1.4, "decode", False),
        ("C", "transformer", True, True, "1", 1.0, "prefill", True),
    ]
    tables = {"prefill_decode": Table.of("prefill_decode", "", UNITS, rows)}
    finding = main_stages_resemble(tables, models={"architecture": "transformer"}, phase="decode")
    assert finding.values == {"in_phase": 0.5, "above_ridge": 0.5}
    assert finding.ours == "A: 256 queries, 489 FLOP/B, parallel decoding; B: 1 queries, 1 FLOP/B, decode"
