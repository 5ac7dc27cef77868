"""Command ``validate limits``."""

from __future__ import annotations

import json

from validation.commands.limits import limits_command


def test_draws_on_one_accelerator(capsys):
    limits_command(hw="h100", draws=2, seed=0, output_format="json", output=None)
    found = json.loads(capsys.readouterr().out)
    assert all(set(each) == {"accelerator", "changes", "group", "kernel", "time", "ratio"} for each in found)
    limits_command(hw="h100", draws=2, seed=0, output_format="table", output=None)
    assert " of 2 changes slow a kernel down" in capsys.readouterr().out
