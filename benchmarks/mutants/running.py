"""Commands in processes that are forked off one that has imported everything: no start costs anything."""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import os
import random
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .commands import commands
from .judgement import judge
from .mutation import mutate

__all__ = ["findings_of", "prepare", "run"]

_ROOT = Path(__file__).parents[2]
#: Processor time of a command, time until a process that waits for something is killed [s], and memory beyond what
#: the process begins with [B].
_LONGEST, _PATIENCE, _MOST_MEMORY = 10, 120, 1 << 30
_MODULES = {
    **{"hwspec": "hw_specs.__main__", "simulate": "simulator.__main__", "trace": "tracer.__main__"},
    **{"validate": "validation.__main__", "whatif": "simulator.whatif.__main__"},
}


class _TooLongError(BaseException):
    """A mutant took more time than is allowed."""


def prepare(seeds: list[Path], work: Path) -> None:
    """Import what commands import, and fill what they keep, by running every seed as it is."""
    _trace_nothing()
    for number, source in enumerate(seeds):
        path = work / f"seed{number}{''.join(source.suffixes)}"
        shutil.copy(source, path)
        for argv in commands(path, source, random.Random(number)):  # noqa: S311
            said = run(argv, longest=_PATIENCE)
            if said:
                print(f"a valid file: {source.name}: {said} | {' '.join(argv)}", file=sys.stderr)
    gc.collect()
    gc.freeze()


def findings_of(numbers: Sequence[int], seeds: list[Path], work: Path) -> list[str]:
    """What is wrong with the mutants of some numbers, each line behind its number.

    They share a process; those that something is found of run once more, each in one of its own.
    """
    found, status = _in_a_child(numbers, seeds, work)
    if len(numbers) > 1:
        suspects = numbers if status else [n for n in numbers if any(line.startswith(f"{n}: ") for line in found)]
        return [line for number in suspects for line in findings_of([number], seeds, work)]
    if status:
        found.append(f"{numbers[0]}: killed: {status}")
    return found


def _in_a_child(numbers: Sequence[int], seeds: list[Path], work: Path) -> tuple[list[str], str]:
    """Findings of a process that runs some mutants, and what it died of; empty where it ended well."""
    folder = work / str(numbers[0])
    folder.mkdir(exist_ok=True)
    child = os.fork()
    if child == 0:
        _child(numbers, seeds, folder)
    code = _waited(child)
    log = folder / "log"
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    status = ""
    if os.WIFSIGNALED(code) or os.WEXITSTATUS(code):
        how = f"signal {os.WTERMSIG(code)}" if os.WIFSIGNALED(code) else f"status {os.WEXITSTATUS(code)}"
        status = f"{how} {lines[-1] if lines else 'before its command'}"
    found = [line for line in lines if not line.startswith("at ")]
    if (found or status) and len(numbers) == 1:
        _keep(folder, numbers[0])
    shutil.rmtree(folder, ignore_errors=True)
    return found, status


def _waited(child: int) -> int:
    """Status of a child, which is killed when it takes too long."""
    last = time.monotonic() + _PATIENCE
    while time.monotonic() < last:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _child(numbers: Sequence[int], seeds: list[Path], folder: Path) -> None:
    """Make mutants, run their commands, end without a word."""
    try:
        gc.disable()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with (folder / "log").open("a", errors="backslashreplace") as log:
            for number in numbers:
                for line in _findings(number, seeds, folder):
                    log.write(line + "\n")
                    log.flush()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(3)


def _findings(number: int, seeds: list[Path], folder: Path) -> Iterator[str]:
    """What is run, and what is wrong with it."""
    rng = random.Random(number)  # noqa: S311
    source = rng.choice(seeds)
    path = folder / f"mutant{number}{''.join(source.suffixes)}"
    mutate(source, path, rng)
    for argv in commands(path, source, rng):
        what = f"{source.name}: {' '.join(argv)[:300]!r}"
        yield f"at {what}"
        said = run(argv)
        if said:
            yield f"{number}: {said} | {what}"


def run(argv: list[str], longest: float = _LONGEST) -> str:
    """What is wrong with how a command ends, within some seconds of processor time; empty where nothing is."""
    main: Callable[[], None] = importlib.import_module(_MODULES[argv[0]]).main
    out, err, status = io.StringIO(), io.StringIO(), 0
    before = sys.argv, resource.getrlimit(resource.RLIMIT_AS)
    sys.argv = argv
    signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, longest)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + _MOST_MEMORY, before[1][1]))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except _TooLongError as error:
        return f"more than {longest} s at {_innermost(error)}"
    except BaseException as error:
        return f"{type(error).__name__} {str(error)[:80]!r} at {_innermost(error)}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, before[1])
        sys.argv = before[0]
    if "takes more memory than there is" in err.getvalue():
        return f"more than {_MOST_MEMORY >> 20} MB"
    return judge(argv, status, out.getvalue(), err.getvalue())


def _address_space() -> int:
    """Of this process. [B]"""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def _trace_nothing() -> None:
    """Workloads that would be traced anew are refused: that takes torch, and long."""
    from tracer.library import graphs

    def refused(*_: object) -> None:
        raise graphs.MissingTracerError("not traced here")

    graphs._traced = refused  # type: ignore[assignment]


def _keep(folder: Path, number: int) -> None:
    """Copy what a finding was made of, beside the place where temporary files are."""
    target = folder.parents[1] / "roofcast-mutants-found" / str(number)
    with contextlib.suppress(OSError):
        shutil.copytree(folder, target, dirs_exist_ok=True)


def _too_long(*_: Any) -> None:
    raise _TooLongError


def _innermost(error: BaseException) -> str:
    """Where in the packages an error came from."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(_ROOT)]
    ours = [f for f in frames if "benchmarks" not in Path(f.filename).parts]
    return f"{Path(ours[-1].filename).relative_to(_ROOT)}:{ours[-1].lineno}" if ours else "?"
