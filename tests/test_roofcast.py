"""Where the commands begin: silently, and with nothing imported before."""

from __future__ import annotations

import inspect
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import roofcast

ROOT = Path(__file__).parent.parent
_IMPORTS = """
import builtins, os, signal, sys
before = set(sys.modules)
import roofcast
assert set(sys.modules) - before == {'roofcast'}, set(sys.modules) - before
real = builtins.__import__
def interrupted(name, *rest):
    os.kill(os.getpid(), signal.SIGINT)
    return real(name, *rest)
builtins.__import__ = interrupted
roofcast.COMMAND()
"""


@pytest.mark.parametrize("command", roofcast.__all__)
def test_an_interrupt_amid_the_first_import_is_silent(command):
    script = _IMPORTS.replace("COMMAND", command)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")


@pytest.mark.parametrize("command", roofcast.__all__)
def test_each_runs_its_own(command):
    (imported,) = [line for line in inspect.getsource(getattr(roofcast, command)).splitlines() if "import" in line]
    package = {"hwspec": "hw_specs", "simulate": "simulator", "trace": "tracer", "validate": "validation"}
    assert imported.split()[1] == f"{package.get(command, 'simulator.whatif')}.__main__"
