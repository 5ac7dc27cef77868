from __future__ import annotations

import pytest

from validation.study.findings import UntestableError
from validation.study.judges.sequence_lengths import largest_step, length_changes
from validation.study.table import Table

# The 16 self-attention sites of Stable Diffusion 1 at 512 pixels, in the order in which they run.
SITES = [4096] * 2 + [1024] * 2 + [256] * 2 + [64] + [256] * 3 + [1024] * 3 + [4096] * 3


def test_neighbouring_levels_differ_by_four_and_all_by_sixty_four() -> None:
    units = {"model": "", "stage": "", "repeat": "", "kind": "", "sequence_length": ""}
    rows = [("A", "unet", 0, "spatial", length) for length in SITES] + [("A", "unet", 0, "cross", 1)]
    tables = {"sequence_lengths": Table.of("sequence_lengths", "", units, rows)}
    finding = length_changes(tables, model="A", stages={"A": "unet", "absent": "base"})
    assert finding.values == {"step": 4, "range": 64}
    assert finding.ours == "4x from one call to the next; whole range A 64x"
    with pytest.raises(UntestableError, match="absent is not in the suite"):
        length_changes(tables, model="absent", stages={"A": "unet"})


def test_a_single_call_does_not_change() -> None:
    assert largest_step([7]) == 1
