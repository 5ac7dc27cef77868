"""Workers are gone as soon as their parent is, and say nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_SCRIPT = """
import os, sys, time
from hw_specs.terminal.workers import uninterrupted, workers_of
with workers_of(2) as workers:
    with uninterrupted():
        running = [workers.submit(os.getpid), *(workers.submit(time.sleep, 60) for _ in range(9))]
    print(running[0].result(), *workers._processes, flush=True)
    running[1].result()
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="signals to groups of processes")
@pytest.mark.parametrize(("number", "group"), [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGKILL, False)])
def test_they_end_at_once(number, group):
    """A terminal interrupts all of a group, ``kill`` one process of it."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", _SCRIPT],
        cwd=ROOT,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        workers = [int(word) for word in process.stdout.readline().split()]
        (os.killpg if group else os.kill)(process.pid, number)
        _, err = process.communicate(timeout=30)
    assert b"resource_tracker" not in err or number == signal.SIGKILL
    assert err.count(b"Traceback") == (number == signal.SIGINT)  # the script's own
    assert len(set(workers)) == 2
    deadline = time.monotonic() + 20
    while any(map(_lives, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # Nobody may have asked how it ended.
    stat = Path(f"/proc/{process}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")
