"""Commands that take long show how far they are to someone who watches, and to nobody else."""

from __future__ import annotations

import os
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

from hw_specs import load_accelerator
from simulator.simulation import simulate
from tracer.library.bundle import bundled_graph
from tracer.workloads import find_pipeline

pty = pytest.importorskip("pty", reason="terminals of programs are of POSIX alone")

ROOT = Path(__file__).parents[1]
#: Modules of commands, each of which shows progress wherever it does what may take over two seconds.
WITH_PROGRESS = (
    *("simulator/commands/answers.py", "simulator/commands/compared.py", "simulator/commands/subject.py"),
    *("simulator/commands/traced.py", "tracer/__main__.py"),
    *(f"simulator/whatif/commands/{name}.py" for name in ("compare", "scale", "search", "sensitivity", "sweep")),
    *(f"validation/commands/{name}.py" for name in ("comparisons", "fits", "limits", "machine", "projections")),
    *(f"validation/commands/{name}.py" for name in ("ratios", "study", "traces", "training")),
)
_BAR = re.compile(r"with (?:counts|shares|reading|working|progress|progress_bar)\(")


@pytest.fixture(scope="module")
def warm() -> None:
    """What every command reads, read once for the processes that are forked from this one."""
    for name in ("rich.progress", *_MODULES.values()):
        import_module(name)
    simulate(bundled_graph("stable-diffusion", find_pipeline("stable-diffusion").defaults), load_accelerator("a100"))


@pytest.mark.parametrize("path", WITH_PROGRESS)
def test_commands_show_progress(path: str) -> None:
    assert _BAR.search((ROOT / path).read_text(encoding="utf-8"))


def test_no_module_of_commands_is_left_out() -> None:
    rooms = ("simulator/commands", "simulator/whatif/commands", "validation/commands")
    quick = {"asked", "strays", "options", "explore", "terminal", "error_pages", "__init__"}
    found = {f"{room}/{path.name}" for room in rooms for path in (ROOT / room).glob("*.py") if path.stem not in quick}
    assert found <= set(WITH_PROGRESS)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("simulate --hw a100 --model stable-diffusion --fidelity roofline", "predicting stable-diffusion"),
        ("simulate --hw a100 --model stable-diffusion --fidelity roofline --versus h100", "comparing two runs"),
        ("trace lengths --model stable-diffusion", "reading stable-diffusion"),
        ("trace graph --model stable-diffusion -o {folder}/x.npz", "reading stable-diffusion"),
        ("whatif compare --hw a100 --model stable-diffusion --fidelity roofline", "stable-diffusion"),
        ("validate trace {folder}/t.json", "reading t.json"),
    ],
)
@pytest.mark.usefixtures("warm")
def test_who_watches_sees_it(command: str, said: str, tmp_path: Path) -> None:
    event = '{"name": "aten::relu", "cat": "cpu_op", "ph": "X", "pid": 1, "tid": 1, "ts": 1, "dur": 5}'
    (tmp_path / "t.json").write_text(f'{{"traceEvents": [{event}]}}')
    out, err = _run(command.format(folder=tmp_path).split(), tmp_path, watched=True)
    assert said in err
    assert "\x1b" not in out


def test_nobody_else_does(tmp_path: Path) -> None:
    out, err = _run(["trace", "lengths", "--model", "stable-diffusion"], tmp_path, watched=False)
    assert err == ""
    assert "attn1" in out


_MODULES = {
    "simulate": "simulator.__main__",
    "whatif": "simulator.whatif.__main__",
    "trace": "tracer.__main__",
    "validate": "validation.__main__",
}


def _run(words: list[str], folder: Path, *, watched: bool) -> tuple[str, str]:
    """Standard output and error of a command in a process of its own, whose standard error may be a terminal."""
    main = import_module(_MODULES[words[0]]).main
    reader, writer = pty.openpty() if watched else os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.environ["TERM"] = "xterm"
            sys.argv, sys.stdin = words, open(os.devnull, encoding="utf-8")  # noqa: SIM115  # until this process ends
            sys.stdout = open(folder / "out.txt", "w", encoding="utf-8")  # noqa: SIM115
            sys.stderr = open(writer, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            main()
        except SystemExit:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(0)
    os.close(writer)
    seen = b""
    try:
        while block := os.read(reader, 65536):
            seen += block
    except OSError:  # how Linux says that nobody holds the terminal any more
        pass
    os.close(reader)
    os.waitpid(child, 0)
    return (folder / "out.txt").read_text(encoding="utf-8"), seen.decode("utf-8", errors="replace")
