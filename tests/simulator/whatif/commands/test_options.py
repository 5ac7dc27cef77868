"""Options that commands share."""

from __future__ import annotations

import pytest
import typer

from simulator.options import RunOptions
from simulator.whatif.commands.options import chosen_part, settings_of, unread_of


def test_a_part_comes_with_its_changes_and_remarks() -> None:
    part = chosen_part("sdxl", "h100", ["links.pcie.bandwidth=2x", "cores.clock=2x"])
    assert part.accelerator.cores.clock == pytest.approx(2 * 1980e6)
    assert part.remarks == ("no term reads links.pcie.bandwidth: the change has no effect",)
    assert unread_of("h100", ["links.pcie.bandwidth=2x"]) == part.remarks
    with pytest.raises(typer.BadParameter, match="give --model NAME and --hw NAME"):
        chosen_part(None, "h100", [])


def test_settings_without_a_value_are_left_out() -> None:
    usual = {"attention": "flash", "execution": "eager", "quantize": "none"}
    assert settings_of(RunOptions(width=8, dtype="")) == {**usual, "width": 8, "dtype": ""}
    assert settings_of(RunOptions(software="torch-2.6")) == {**usual, "software": "torch-2.6"}
