from __future__ import annotations

import pytest
import typer

from validation.commands.options import check_format


def test_forms_of_output() -> None:
    check_format("table")
    check_format("json")
    with pytest.raises(typer.BadParameter, match=r"unknown format 'xml'; valid: table, json"):
        check_format("xml")
