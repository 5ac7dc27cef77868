"""An interrupt amid imports is silent, and every command imports what makes it so first."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


_INTERRUPTED = "import hw_specs.terminal.interrupts, os, signal\nos.kill(os.getpid(), signal.SIGINT)"


def test_until_a_command_runs_an_interrupt_is_silent(tmp_path):
    command = tmp_path / "simulate"
    command.write_text(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{_INTERRUPTED}")
    done = subprocess.run([sys.executable, str(command)], capture_output=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")


def test_other_programs_keep_their_ways():
    done = subprocess.run([sys.executable, "-c", _INTERRUPTED], capture_output=True, check=False, cwd=ROOT)  # noqa: S603
    assert b"KeyboardInterrupt" in done.stderr


def test_from_then_on_it_is_an_exception():
    script = (
        "from hw_specs.terminal.interrupts import as_exceptions\nimport os, signal\nas_exceptions()\n"
        "try:\n    os.kill(os.getpid(), signal.SIGINT)\nexcept KeyboardInterrupt:\n    print('put away')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)  # noqa: S603
    assert done.stdout == b"put away\n"


@pytest.mark.parametrize("package", ["hw_specs", "tracer", "simulator", "simulator/whatif", "validation"])
def test_commands_import_it_first(package):
    tree = ast.parse((ROOT / package / "__main__.py").read_text(encoding="utf-8"))
    first = next(
        n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom) and n.__dict__.get("module") != "__future__"
    )
    assert ast.unparse(first) == "import hw_specs.terminal.interrupts"
