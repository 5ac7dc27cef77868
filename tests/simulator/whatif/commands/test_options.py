"""Options that commands share."""

from __future__ import annotations

import pytest
import typer

from simulator.whatif.commands.options import check_format, fidelity_of


def test_known_names_are_taken() -> None:
    check_format("json")
    assert fidelity_of("roofline") == "roofline"


@pytest.mark.parametrize("refuses", [check_format, fidelity_of])
def test_others_are_refused_with_what_is_valid(refuses) -> None:
    with pytest.raises(typer.BadParameter, match="valid: "):
        refuses("nonsense")
