"""How busy a machine was while it was measured: what others took of its processors, and how far repeats were apart.

A rate that was measured beside other programs is that of what they left. The operating system tells how long all
processors worked (``/proc/stat``) and how long this process did (``times``): the rest is others'. Where it does not
tell, repeats still do: they lie apart, and what was measured first and last differs.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Load", "Watch"]

_STAT = Path("/proc/stat")
#: Columns of ``/proc/stat`` in which a processor does nothing: idle, and waiting for input and output.
_IDLE = (3, 4)
#: From these on others are said to disturb: share of the processors, spread of repeats, change of the bandwidth. [1]
_OTHERS, _SPREAD, _CHANGE = 0.05, 0.1, 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What disturbed a measurement; None of what nothing tells.

    Attributes
    ----------
    processors : int
        Of the machine.
    threads : int
        That the measurement used.
    average : float or None
        Mean number of programs that ran or wanted to, over the minute before. [1]
    others : float or None
        Processors that other programs kept busy in the mean. [1]
    spread : float
        Half the distance of the quartiles of repeats over their median, in the middle of all cases. [1]
    memory : tuple of float
        Bandwidth of large copies at the beginning and at the end. [B/s]
    """

    processors: int
    threads: int
    average: float | None
    others: float | None
    spread: float
    memory: tuple[float, float] | None = None

    def warnings(self) -> tuple[str, ...]:
        """A line for each sign that the machine was not alone; empty where there is none."""
        return tuple(line for line in (self._busy(), self._waiting(), self._apart(), self._changed()) if line)

    def text(self) -> str:
        """The load in a sentence, for the file."""
        average = "not known" if self.average is None else f"{self.average:.2f}"
        others = "not known" if self.others is None else f"{self.others:.2f}"
        first = (
            f"{'Disturbed' if self.warnings() else 'Load'}: of {self.processors} processors others kept {others} busy"
        )
        return f"{first}, load average before {average}, repeats {100 * self.spread:.0f} % apart."

    def _busy(self) -> str:
        if self.others is None or not self._crowded(self.others):
            return ""
        return f"other programs kept {self.others:.1f} of {self.processors} processors busy"

    def _waiting(self) -> str:
        if self.average is None or not self._crowded(self.average):
            return ""
        return f"{self.average:.1f} programs ran or wanted to in the minute before (load average)"

    def _crowded(self, busy: float) -> bool:
        """Whether others take a share of memory and caches, or processors that threads of the measurement want."""
        return busy > max(_OTHERS * self.processors, 0.1) or busy + self.threads > self.processors + 0.1

    def _apart(self) -> str:
        return f"repeats lie {100 * self.spread:.0f} % apart" if self.spread > _SPREAD else ""

    def _changed(self) -> str:
        if self.memory is None or abs(self.memory[1] / self.memory[0] - 1.0) <= _CHANGE:
            return ""
        first, last = (1e-9 * rate for rate in self.memory)
        return f"large copies ran at {first:.3g} GB/s at first and {last:.3g} GB/s at the end; the faster one is kept"


class Watch:
    """Counts from when it is made; `stat` is what the operating system tells of all processors."""

    def __init__(self, stat: Path = _STAT) -> None:
        """See the class."""
        self._stat = stat
        self._average = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        self._busy, self._own, self._start = _busy(stat), _own(), time.monotonic()

    def load(self, threads: int, spreads: Sequence[float], memory: tuple[float, float] | None = None) -> Load:
        """Load since then, given the spreads of the repeats of each case."""
        elapsed = max(time.monotonic() - self._start, 1e-3)
        now = _busy(self._stat)
        known = None if now is None or self._busy is None else now - self._busy - (_own() - self._own)
        return Load(
            processors=os.cpu_count() or 1,
            threads=threads,
            average=self._average,
            others=None if known is None else max(known / elapsed, 0.0),
            spread=statistics.median(spreads) if spreads else 0.0,
            memory=memory,
        )


def _busy(stat: Path) -> float | None:
    """Time that all processors worked since the machine started; None where the system does not tell. [s]"""
    try:
        numbers = [int(word) for word in stat.read_text(encoding="ascii").split("\n", 1)[0].split()[1:]]
        idle = sum(numbers[at] for at in _IDLE)
        # Guests stand among the time of users already.
        return (sum(numbers[:8]) - idle) / float(os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return None


def _own() -> float:
    """Time that processors worked for this process and those it started. [s]"""
    return sum(os.times()[:4])
