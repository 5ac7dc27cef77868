from __future__ import annotations

from validation.study.judges.temporal_attention import temporal_flops, temporal_share, temporal_time
from validation.study.sections.temporal_attention import ALL_STAGES
from validation.study.table import Cell, Table

UNITS = dict.fromkeys(
    (
        *("stage", "attention", "attribution", "temporal_share"),
        *("temporal_over_spatial_time", "spatial_over_temporal_flops"),
    ),
    "",
)


def _tables() -> dict[str, Table]:
    rows: list[tuple[Cell, ...]] = [
        (stage, attention, attribution, 0.1 * number, 0.5 * number, 11.4)
        for number, (stage, attention, attribution) in enumerate(
            (
                (ALL_STAGES, "naive", "operator"),
                (ALL_STAGES, "naive", "module"),
                (ALL_STAGES, "flash", "operator"),
                (ALL_STAGES, "flash", "module"),
                ("decoder", "flash", "operator"),
            ),
            start=1,
        )
    ]
    return {"temporal_totals": Table.of("temporal_totals", "", UNITS, rows)}


def test_the_share_under_the_condition_asked_for_and_the_others_beside_it() -> None:
    finding = temporal_share(_tables(), attention="naive", attribution="module")
    assert finding.values == {"share": 0.2}
    assert finding.ours == (
        "20% (naive, by module); 10% (naive, by operator), 40% (flash, by module), 30% (flash, by operator), "
        "50% (decoder alone, flash, by operator)"
    )


def test_ratios_of_time_and_of_flops() -> None:
    assert temporal_time(_tables(), attention="flash", attribution="module").values == {"ratio": 2.0}
    assert temporal_flops(_tables()).values == {"ratio": 11.4}
