"""Fixtures of all tests."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

from tracer.graph import OpGraph

settings.register_profile("roofcast", deadline=None, derandomize=True)
settings.load_profile("roofcast")

# What commands print is as wide as they say themselves, whatever terminal the tests run in.
os.environ.pop("COLUMNS", None)

# Programs that a script starts beside itself ignore interrupts, and so would those that tests send one to.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder of cached graphs that belongs to this run alone, so that the user's stays untouched.

    The processes of one run share it: the base folder of a process of pytest-xdist lies in that of the run.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "graphs"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROOFCAST_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def measured() -> Path:
    """Folder of measurements beside the repository."""
    folder = ROOT.parent / "shared" / "measured"
    if not folder.is_dir():
        pytest.skip("no measurements: ../shared/measured is absent")
    return folder


@pytest.fixture(scope="session")
def stable_diffusion_graph() -> OpGraph:
    """Stable Diffusion 1.5 at its defaults, traced once for all tests."""
    pytest.importorskip("diffusers", reason="tracing needs torch and diffusers")
    from tracer.capture.pipelines import capture_pipeline
    from tracer.workloads import find_pipeline

    pipeline = find_pipeline("stable-diffusion")
    return capture_pipeline(pipeline, pipeline.defaults)


class Done(NamedTuple):
    """Outcome of one command."""

    status: int
    out: str
    err: str

    def assert_refused(self, *words: str) -> None:
        """One line of error with some words in it, and nothing else."""
        assert (self.status, self.out) == (2, "")
        (line,) = self.err.splitlines()
        assert line.startswith("simulate: error: ")
        assert "Traceback" not in line
        for word in words:
            assert word in line


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str, Callable[[], object]], Callable[..., Done]]:
    """Gives the function that runs a command of some name and main function with some arguments in this process."""

    def of(name: str, main: Callable[[], object]) -> Callable[..., Done]:
        def run(*arguments: object) -> Done:
            monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
            with pytest.raises(SystemExit) as caught:
                main()
            captured = capsys.readouterr()
            code = caught.value.code
            return Done(code if isinstance(code, int) else 0, captured.out, captured.err)

        return run

    return of
