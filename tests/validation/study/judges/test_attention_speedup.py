from __future__ import annotations

import pytest

from validation.study.judges.attention_speedup import ratio_of_speedups
from validation.study.table import Table


def test_the_ratio_is_one_of_geometric_means() -> None:
    units = {"model": "", "task": "", "architecture": "", "stand_in": "", "speedup_attention_module": ""}
    rows = [
        ("A", "TTI", "diffusion", False, 2.0),
        ("B", "TTI", "diffusion", False, 8.0),
        ("C", "TTI", "transformer", False, 2.0),
        ("D", "TTI", "transformer", True, 100.0),
    ]
    finding = ratio_of_speedups(
        {"flash_speedup": Table.of("flash_speedup", "", units, rows)},
        models={"architecture": "diffusion"},
        over={"architecture": "transformer"},
    )
    # The square root of 2 x 8 over 2.
    assert finding.values == {"ratio": pytest.approx(2.0)}
    assert finding.ours == "2.00x (1.00x to 4.00x over pairs of models)"
