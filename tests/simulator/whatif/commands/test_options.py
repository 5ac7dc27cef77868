"""Options that commands share."""

from __future__ import annotations

import pytest
import typer

from simulator.whatif.commands.options import check_format, chosen_part, fidelity_of, given, unread_of


def test_known_names_are_taken() -> None:
    check_format("json")
    assert fidelity_of("roofline") == "roofline"


@pytest.mark.parametrize("refuses", [check_format, fidelity_of])
def test_others_are_refused_with_what_is_valid(refuses) -> None:
    with pytest.raises(typer.BadParameter, match="valid: "):
        refuses("nonsense")


def test_a_part_comes_with_its_changes_and_remarks() -> None:
    part = chosen_part("sdxl", "h100", ["links.pcie.bandwidth=2x", "cores.clock=2x"])
    assert part.accelerator.cores.clock == pytest.approx(2 * 1980e6)
    assert part.remarks == ("no term reads links.pcie.bandwidth: the change has no effect",)
    assert unread_of("h100", ["links.pcie.bandwidth=2x"]) == part.remarks
    with pytest.raises(typer.BadParameter, match="give --model NAME and --hw NAME"):
        chosen_part(None, "h100", [])


def test_settings_without_a_value_are_left_out() -> None:
    assert given({"batch": None, "width": 8, "dtype": ""}) == {"width": 8, "dtype": ""}
