"""What is said of a part that nobody sells."""

from __future__ import annotations

from hw_specs import apply_overrides, load_accelerator
from hw_specs.hypothetical.assumptions import assumed_lines, difference_lines


def test_differences_have_both_values() -> None:
    h100 = load_accelerator("h100")
    changed = apply_overrides(h100, ["memory.dram.bandwidth=2x", "cores.max_blocks=16"])
    lines = difference_lines(changed, h100)
    assert lines == ("cores.max_blocks 32 -> 16", "memory.dram.bandwidth 3.35 TB/s -> 6.7 TB/s")
    assert assumed_lines(changed)[0] == f"as H100-SXM5-80GB but for: {'; '.join(lines)}"


def test_numbers_that_are_not_stated_have_something_in_their_place() -> None:
    part = load_accelerator("b200").model_copy(update={"power": load_accelerator("m1_8c").power})
    lines = assumed_lines(part.changed_from(part))
    assert "power.board is not stated: no power limit holds it back, and its energy is not known" in lines
    assert any(line.startswith("memory.l2.bandwidth is not stated") for line in lines)
