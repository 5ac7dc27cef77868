"""Every command and its streams: full, closed, unread, of few characters; one line or silence, and the status of it.

Each runs in a copy of this process, with streams of its own: commands are found from the applications, so that a new
one is tried by itself.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from hw_specs.terminal.ending import REFUSED, UNHEARD

ROOT = Path(__file__).parents[1]
MODULES = {
    "simulate": "simulator",
    "whatif": "simulator.whatif",
    "trace": "tracer",
    "validate": "validation",
    "hwspec": "hw_specs",
}
#: Lines whose results are printed by everything that prints: reports, tables, bars, JSON.
RESULTS = (
    "simulate --hw h100 --model muse",
    "whatif compare --model muse --hw h100 --hw a100 --format json",
    "trace lengths --model muse",
    "hwspec list",
)
_NO_SPACE = "standard output: cannot write: No space left on device\n"

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork") or not os.path.exists("/dev/full"), reason="copies of a process and devices that are full"
)


def application(name: str) -> typer.Typer:
    return importlib.import_module(f"{MODULES[name]}.__main__").app


def commands_of(name: str) -> Iterator[tuple[str, ...]]:
    """An application and all of its commands."""
    yield (name,)
    for command in sorted(getattr(typer.main.get_command(application(name)), "commands", {})):
        yield name, command


class Ended(NamedTuple):
    """How a command ended: its status, and what it wrote to both streams."""

    status: int
    out: bytes
    err: bytes


def ran(*words: str, out: int | None = -1, err: int | None = -1, encoding: str = "utf-8") -> Ended:
    """A command in a copy of this process.

    Streams are descriptors: None is a closed one, -1 one that is read.
    """
    with tempfile.TemporaryFile() as read_out, tempfile.TemporaryFile() as read_err:
        streams = [file.fileno() if stream == -1 else stream for stream, file in ((out, read_out), (err, read_err))]
        child = os.fork()
        if child == 0:
            _run(words, streams, encoding)
        _, status = os.waitpid(child, 0)
        contents = []
        for file in (read_out, read_err):
            file.seek(0)
            contents.append(file.read())
    return Ended(os.waitstatus_to_exitcode(status), *contents)


def _run(words: tuple[str, ...], streams: list[int | None], encoding: str) -> None:
    """Set up streams as an interpreter does, run a command, and end as an interpreter does."""
    status = 1
    try:
        for number, stream in zip((1, 2), streams, strict=True):
            os.close(number) if stream is None else os.dup2(stream, number)
        sys.stdin, sys.stdout, sys.stderr = (_stream(number, encoding) for number in range(3))
        sys.argv, sys.unraisablehook = list(words), sys.__unraisablehook__
        status = _status(words[0])
    finally:
        os._exit(status)


def _stream(number: int, encoding: str) -> io.TextIOWrapper | None:
    try:
        raw = io.FileIO(number, "w" if number else "r", closefd=False)
    except OSError:
        return None
    errors = "backslashreplace" if number == 2 else "strict"
    return io.TextIOWrapper(io.BufferedWriter(raw) if number else io.BufferedReader(raw), encoding, errors)


def _status(name: str) -> int:
    status = 0
    try:
        importlib.import_module(f"{MODULES[name]}.__main__").main()
    except SystemExit as leaving:
        status = int(leaving.code or 0)
    except BaseException:
        traceback.print_exc()
        status = 1
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = 120  # what an interpreter ends with that cannot write what is left
    return status


@pytest.fixture(scope="module")
def full() -> Iterator[int]:
    with open("/dev/full", "w") as stream:
        yield stream.fileno()


@pytest.fixture(scope="module")
def unread() -> Iterator[int]:
    """A pipe whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize("name", MODULES)
class TestEveryCommand:
    def test_help(self, name, full):
        said = f"{name}: error: {_NO_SPACE}".encode()
        for command in commands_of(name):
            words = (*command, "--help")
            assert ran(*words, out=full) == (REFUSED, b"", said), words
            few = ran(*words, encoding="ascii")
            assert (few.status, few.err, few.out.isascii()) == (0, b"", True), words

    def test_help_that_nobody_has(self, name, unread):
        said = f"{name}: error: standard output: cannot write: not writable\n".encode()
        assert ran(name, "--help", out=unread) == (UNHEARD, b"", b"")
        assert ran(name, "--help", out=None) == (REFUSED, b"", said)
        plain = ran(name, "--help", err=None)
        assert (plain.status, plain.out.startswith(b"Usage:")) == (0, True)

    def test_what_is_refused(self, name, full):
        for command in commands_of(name):
            words = (*command, "--no-such-option=\udcff\ud83d")
            done = ran(*words, encoding="ascii")
            assert (done.status, done.out, done.err.count(b"\n")) == (REFUSED, b"", 1), words
            assert done.err.startswith(f"{name}: error: ".encode()), words
            assert done.err.isascii(), words
            assert ran(*words, err=full) == (REFUSED, b"", b""), words

    def test_a_refusal_that_nobody_has(self, name, full, unread):
        """Standard output has nothing to say then, and is not asked."""
        words = (name, "--no-such-option")
        for out in (full, unread, None):
            assert ran(*words, out=out).err.startswith(f"{name}: error: No such option".encode())
        for error in (unread, None):
            assert ran(*words, err=error) == (REFUSED, b"", b"")


@pytest.mark.parametrize("line", RESULTS)
def test_results(line, full, unread):
    """Once here, so that copies of this process have what every run reads."""
    words = line.split()
    with contextlib.redirect_stdout(io.StringIO()):
        application(words[0])(words[1:], standalone_mode=False)
    assert ran(*words, out=full) == (REFUSED, b"", f"{words[0]}: error: {_NO_SPACE}".encode())
    assert ran(*words, out=unread) == (UNHEARD, b"", b"")
    few = ran(*words, encoding="ascii")
    assert (few.status, few.err, few.out.isascii()) == (0, b"", True)


def test_a_file_that_is_full():
    done = ran(*RESULTS[0].split(), "--output", "/dev/full")
    assert done == (REFUSED, b"", b"simulate: error: /dev/full: cannot write: No space left on device\n")


def _has_a_line(done: Ended, words: tuple[str, ...]) -> None:
    """Whether a command refused something with a line, which no terminal obeys."""
    assert (done.status, done.out, done.err.count(b"\n")) == (REFUSED, b"", 1), (words, done)
    assert done.err.startswith(f"{words[0]}: error: ".encode())
    assert not {*done.err[:-1]} & {*range(32), 127}, done.err


class TestAnyText:
    """Names and values of any code points, half characters and such as a terminal would obey among them."""

    @settings(max_examples=10)
    @given(
        name=st.text(st.characters(exclude_categories=(), exclude_characters="\0"), max_size=30),
        encoding=st.sampled_from(["utf-8", "ascii", "latin-1", "cp1252", "shift_jis"]),
    )
    def test_of_models_and_parts(self, name, encoding):
        for words in (("trace", "lengths", f"--model={name}"), ("hwspec", "show", "--", name)):
            _has_a_line(ran(*words, encoding=encoding), words)

    @pytest.mark.parametrize(
        "line", ["simulate --model=NAME --hw=h100", "simulate --hw=h100 --graph=NAME", "validate trace --hw=h100 NAME"]
    )
    def test_of_files(self, line):
        words = tuple(word.replace("NAME", "\udcff\ud83d\n\x1b[2J\x9b\u202e") for word in line.split())
        _has_a_line(ran(*words, encoding="latin-1"), words)

    @pytest.mark.parametrize("width", ["0", "1", "20", "100000", "-5", "ten", ""])
    def test_of_any_width(self, width, monkeypatch):
        monkeypatch.setenv("COLUMNS", width)
        done = ran("hwspec", "list")
        assert (done.status, done.err) == (0, b"")
        assert done.out


@pytest.mark.parametrize("command", MODULES)
class TestProcesses:
    """The same with an interpreter of its own, once for each application."""

    def _run(self, command, words, **how):
        script = f"import sys; sys.argv[0] = '{command}'; from roofcast import {command}; {command}()"
        environment = os.environ | {"LANG": "C", "LC_ALL": "C", "TERM": "dumb"}
        environment |= {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        command = [sys.executable, "-c", script, *words]
        return subprocess.run(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, check=False, **how)  # noqa: S603

    def test_help_onto_what_is_full(self, command):
        with open("/dev/full", "w") as stream:
            done = self._run(command, ["--help"], stdout=stream)
        assert (done.returncode, done.stderr) == (REFUSED, f"{command}: error: {_NO_SPACE}".encode())
