"""Whatever becomes of the streams of a command: one line or silence, and the status that says so."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from hw_specs.terminal.ending import INTERRUPTED, REFUSED, UNHEARD

_BEGIN = "from hw_specs.terminal.ending import *\nimport sys, os, signal, warnings, logging\nwith terminal('c'):\n    "


def _run(body, **kwargs):
    command = [sys.executable, "-c", _BEGIN + body.replace("\n", "\n    ")]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, **kwargs)  # noqa: S603


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("print('a')", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("leave('c: error: wrong')", REFUSED, "c: error: wrong\n"),
        ("leave('c: error: \\u00e9\\x1b[2J\\x9b\\u202e')", REFUSED, "c: error: \u00e9\\x1b[2J\\x9b\\u202e\n"),
        ("raise KeyboardInterrupt", INTERRUPTED, ""),
        ("os.kill(os.getpid(), signal.SIGINT)", INTERRUPTED, ""),
        ("raise MemoryError", REFUSED, "c: error: this takes more memory than there is\n"),
        ("open('/absent/file')", REFUSED, "c: error: /absent/file: No such file or directory\n"),
        ("warnings.warn('of a library')\nlogging.getLogger('library').warning('said')", 0, ""),
        ("sys.stderr.write('\\ud800\\n')", 0, "\\ud800\n"),
    ],
)
def test_endings(body, status, said):
    done = _run(body, stdout=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (status, said)


def test_defects_keep_their_traceback():
    done = _run("1 / 0", stdout=subprocess.DEVNULL)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize("body", ["print('a')", "print('a' * 100_000)", "sys.exit(print('a'))"])
class TestStandardOutput:
    def test_a_full_one(self, body):
        with open("/dev/full", "w") as full:
            done = _run(body, stdout=full)
        line = "c: error: standard output: cannot write: No space left on device\n"
        assert (done.returncode, done.stderr) == (REFUSED, line)

    def test_one_that_nobody_reads(self, body):
        reading, writing = os.pipe()
        os.close(reading)
        done = _run(body, stdout=writing)
        os.close(writing)
        assert (done.returncode, done.stderr) == (UNHEARD, "")

    def test_a_closed_one(self, body):
        done = _run(body, preexec_fn=lambda: os.close(1))
        assert (done.returncode, done.stderr) == (REFUSED, "c: error: standard output: cannot write: not writable\n")

    def test_one_whose_encoding_has_few_characters(self, body):
        environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
        done = _run("print('\\u00b5\\ud800')\n" + body, stdout=subprocess.DEVNULL, env=environment)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_pipe_that_the_commands_framework_meets_first():
    """It takes a broken pipe for an ending of its own, with status 1."""
    body = "try:\n    raise BrokenPipeError(32, 'Broken pipe')\nexcept OSError:\n    sys.exit(1)"
    done = _run(body, stdout=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (UNHEARD, "")
