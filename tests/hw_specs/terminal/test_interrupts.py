"""An interrupt amid imports is silent, and every command imports what makes it so first."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
import time
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


def test_an_interrupt_that_nobody_could_catch_comes_again():
    """In a callback Python reports what is raised, and goes on."""
    script = (
        "import hw_specs.terminal.interrupts as i, os, signal, sys, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_DFL)\ni.as_exceptions()\n"
        "class Callback:\n    def __del__(self):\n        os.kill(os.getpid(), signal.SIGINT); time.sleep(1)\n"
        "try:\n    Callback()\n    time.sleep(9)\nexcept KeyboardInterrupt:\n    print('put away')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, cwd=ROOT)  # noqa: S603
    assert (done.stdout, done.stderr) == (b"put away\n", b"")


@pytest.mark.parametrize("package", ["hw_specs", "tracer", "simulator", "validation"])
def test_packages_import_it_first(package):
    """And nothing that takes time before, so that hardly a moment is left for a traceback."""
    tree = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))
    first = next(
        n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom) and n.__dict__.get("module") != "__future__"
    )
    assert "terminal.interrupts" in ast.unparse(first) or "interrupts as" in ast.unparse(first)


def test_it_imports_nothing_that_takes_time():
    script = "import sys; before = set(sys.modules); import hw_specs.terminal.interrupts; "
    script += "print(*set(sys.modules) - before)"
    command = [sys.executable, "-S", "-c", script.replace("; ", "\n")]
    done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT, text=True)  # noqa: S603
    others = {name for name in done.stdout.split() if not name.startswith("hw_specs")}
    assert not others & {"signal", "enum", "typing", "contextlib", "collections", "re"}


@pytest.mark.parametrize("seconds", [0.2, 0.5])
def test_a_start_that_is_interrupted_is_silent(seconds):
    """At moments when the interpreter has long begun; benchmarks/interrupts.py draws hundreds."""
    words = [sys.executable, "-m", "simulator", "--hw", "h100", "--model", "stable-diffusion"]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:  # noqa: S603
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert err == b"" or b"init_import_site" in err


_ENDED = """
import hw_specs.terminal.interrupts as i, os, signal, sys
sys.argv = ['simulate']
i.as_endings()
vars(os).pop('O_TMPFILE', None)
from hw_specs.output import writing
from hw_specs.terminal.ending import terminal
from pathlib import Path
with terminal('c'), writing(Path(sys.orig_argv[-1])) as stream:
    stream.write(b'half')
    {body}os.kill(os.getpid(), signal.{name})
    {body}signal.pause()
"""
_IN_A_CALLBACK = "type('Callback', (), {'__del__': lambda self: os.kill(os.getpid(), signal.NAME)})(); signal.pause() #"


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals of a terminal")
class TestOtherSignals:
    @pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
    @pytest.mark.parametrize("body", ["", _IN_A_CALLBACK], ids=["code", "callback"])
    def test_what_was_begun_is_put_away(self, name, body, tmp_path, monkeypatch):
        """Where no file is without a name, the temporary has to go."""
        script = _ENDED.format(body=body.replace("NAME", name), name=name)
        path = tmp_path / "report"
        path.write_bytes(b"old")
        command = [sys.executable, "-c", script, str(path)]
        done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT)  # noqa: S603
        expected = 130 if name == "SIGINT" else -getattr(signal, name)
        assert (done.returncode, done.stderr) == (expected, b"")
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_one_that_is_ignored_stays_so(self):
        script = (
            "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
            "from hw_specs.terminal.ending import terminal\nwith terminal('c'):\n    signal.raise_signal(signal.SIGHUP)"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, cwd=ROOT)  # noqa: S603
        assert (done.returncode, done.stderr) == (0, b"")

    def test_a_program_of_its_own_gets_its_ways_back(self):
        script = (
            "import signal\nfrom hw_specs.terminal.ending import terminal\nwith terminal('c'):\n    pass\n"
            "assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL"
        )
        subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)  # noqa: S603


_COMPUTING = """
import threading
from hw_specs.terminal.ending import terminal
done = threading.Event()
{before}
try:
    with terminal('c'):
        {within}
        raise KeyboardInterrupt
finally:
    print('goes on')
    done.set()
"""
_THREAD = "threading.Thread(target=done.wait, args=(60,)).start()"


@pytest.mark.parametrize(("before", "within", "out"), [("", _THREAD, b""), (_THREAD, "pass", b"goes on\n")])
def test_a_thread_that_computes_for_a_command_is_not_waited_for(before, within, out):
    """One of the program around the command goes on, and so does the program."""
    command = [sys.executable, "-c", _COMPUTING.format(before=before, within=within)]
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT, timeout=30)  # noqa: S603
    assert (done.returncode, done.stdout, done.stderr) == (130, out, b"")
