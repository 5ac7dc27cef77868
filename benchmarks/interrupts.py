"""Interrupt every command at random moments of its start: ``python benchmarks/interrupts.py [STARTS] [SECONDS]``.

Each start gets SIGINT some time after it began. It must end by the signal, with status 130, or with its result, and
never with a traceback. What the interpreter itself prints before it reads the first line of a program (``Fatal Python
error: init_import_site``) is no matter of the project, and is counted beside.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

_ROOT = Path(__file__).parents[1]

COMMANDS = {
    "simulate": ["--hw", "h100", "--model", "stable-diffusion"],
    "hwspec": ["list"],
    "trace": ["lengths", "--model", "stable-diffusion"],
    "validate": ["published"],
    "whatif": ["compare", "--model", "stable-diffusion", "--hw", "a100", "--hw", "h100"],
}
#: What a script of an installation does, whether or not there is one here.
_START = "import sys; sys.argv[0] = {name!r}; from roofcast import {name}; {name}()"


def interrupted(words: list[str], seconds: float) -> str:
    """How a start ends that is interrupted after some seconds: ``signal``, ``status N``, ``interpreter`` or a line."""
    with subprocess.Popen(words, cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    if "Traceback" in err:
        return err if str(_ROOT) in err else "interpreter"
    return "signal" if process.returncode == -signal.SIGINT else f"status {process.returncode}"


def main(starts: int, longest: float) -> int:
    """Starts that ended with a traceback of ours."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a script's programs beside itself have it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    rng, wrong = random.Random(1), 0  # noqa: S311
    for name, words in COMMANDS.items():
        ends: Counter[str] = Counter()
        for _ in range(starts):
            how = interrupted([sys.executable, "-c", _START.format(name=name), *words], rng.uniform(0.0, longest))
            if "Traceback" in how:
                wrong += 1
                print(how, file=sys.stderr)
                how = "traceback"
            ends[how] += 1
        print(f"{name}: {starts} starts: " + ", ".join(f"{n} x {how}" for how, n in sorted(ends.items())), flush=True)
    return wrong


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(bool(main(int(given[0]) if given else 100, float(given[1]) if len(given) > 1 else 1.5)))
