"""Options that commands of several packages share."""

from __future__ import annotations

import pytest
import typer

from simulator.command_options import check_choice, check_format, fidelity_of


def test_forms_of_output() -> None:
    check_format("table")
    check_format("json")
    with pytest.raises(typer.BadParameter, match=r"unknown format 'xml'; valid: table, json"):
        check_format("xml")


def test_a_choice_is_one_of_some() -> None:
    check_choice("side", "left", ("left", "right"))
    with pytest.raises(typer.BadParameter, match=r"unknown side 'up'; valid: left, right"):
        check_choice("side", "up", ("left", "right"))


def test_known_names_are_taken() -> None:
    check_format("json")
    assert fidelity_of("roofline") == "roofline"


@pytest.mark.parametrize("refuses", [check_format, fidelity_of])
def test_others_are_refused_with_what_is_valid(refuses) -> None:
    with pytest.raises(typer.BadParameter, match="valid: "):
        refuses("nonsense")
