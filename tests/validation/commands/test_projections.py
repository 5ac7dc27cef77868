"""Command ``validate projection``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from validation.__main__ import app


def test_errors_and_coverage(synthetic_file: Callable[[str, float], Path]) -> None:
    files = [str(synthetic_file(name, 0.4)) for name in ("NVIDIA H100 SXM", "NVIDIA A100-SXM4-80GB")]
    done = CliRunner().invoke(app, ["projection", *files, "--format", "json"])
    assert done.exit_code == 0, done.output
    plain = json.loads(done.stdout)
    assert plain["coverage"][0]["kind"] == "all"
    assert plain["errors"][0]["op"] == "aten::add"
    one = CliRunner().invoke(app, ["projection", files[0]])
    assert one.exception is not None
    assert "no two devices" in str(one.exception)
