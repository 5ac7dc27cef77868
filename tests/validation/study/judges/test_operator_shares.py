from __future__ import annotations

from validation.study.judges.operator_shares import largest_share
from validation.study.table import Table

UNITS = {
    "model": "",
    "task": "",
    "architecture": "",
    "stand_in": "",
    "attention": "",
    "attribution": "",
    "part": "",
    "share": "",
}
ROWS = [
    (model, "TTI", kind, stand_in, "flash", attribution, part, share)
    for model, kind, stand_in, attribution, part, share in (
        ("A", "diffusion", False, "operator", "convolution", 0.4),
        ("A", "diffusion", False, "module", "convolution", 0.3),
        ("B", "diffusion", False, "operator", "convolution", 0.1),
        ("B", "diffusion", False, "operator", "linear", 0.8),
        ("Stand-in", "diffusion", True, "operator", "convolution", 0.99),
        ("C", "transformer", False, "operator", "convolution", 0.95),
    )
]


def test_the_largest_share_of_the_kind_of_models() -> None:
    finding = largest_share(
        {"operator_breakdown": Table.of("operator_breakdown", "", UNITS, ROWS)},
        part="convolution",
        models={"task": "TTI", "architecture": "diffusion"},
        attention="flash",
        attribution="operator",
    )
    assert finding.values == {"share": 0.4}
    assert finding.ours == "up to 40% by operator (A 40%, B 10%)"
    assert finding.evidence == "Counted by module it would be A 30%, B 0%."
