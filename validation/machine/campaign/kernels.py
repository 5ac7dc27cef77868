"""The kernel part of a campaign: planned operator calls, timed warm and cold, and the names of their kernels."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch

from tracer.capture.machine.memory import free_memory
from tracer.capture.profiling import profile, stage_annotation
from validation.machine.stopwatch import Stopwatch, measure
from validation.machine.sweeps import CaseNotRunnableError, KernelCase, prepare

from .files import GrowingTable

__all__ = ["FAILURE_COLUMNS", "KernelSweep"]

FAILURE_COLUMNS = ("what", "reason")
_SOURCE = "roofcast"
# Rows are written, and kernels named, after so many cases or so long: what a cut-off loses. [s]
_BLOCK = 24
_BLOCK_SECONDS = 10.0
# A device that fails this often in a row has lost its context: nothing after that can be measured.
_MOST_FAILURES = 25
# Share of the free memory that a case may take.
_MEMORY_SHARE = 0.4


@dataclass(slots=True, kw_only=True)
class KernelSweep:
    """Measures cases in order until the time is over.

    Attributes
    ----------
    device : torch.device
    name : str
        Marketing name of the device, for the table.
    stopwatch : Stopwatch
    table, failures : GrowingTable
        Cases that the tables have already are passed over.
    say : callable
        Called with each case.
    flushed : callable
        Called after each block.
    """

    device: torch.device
    name: str
    stopwatch: Stopwatch
    table: GrowingTable
    failures: GrowingTable
    say: Callable[[str], None] = lambda what: None
    flushed: Callable[[], None] = lambda: None
    _in_a_row: int = field(default=0, init=False)

    def run(self, cases: Sequence[KernelCase], *, until: float) -> int:
        """Measure what is not measured yet; returns the number of cases that are left.

        Parameters
        ----------
        cases : sequence of KernelCase
        until : float
            ``time.monotonic()`` after which no case is begun. [s]
        """
        done = self._done()
        waiting = [case for case in cases if _key(case) not in done]
        position = 0
        while position < len(waiting) and time.monotonic() < until and self._in_a_row < _MOST_FAILURES:
            block = waiting[position : position + _BLOCK]
            position += self._block(block, until)
        return len(waiting) - position

    def _done(self) -> set[tuple[str, ...]]:
        measured = {
            (row["op"], row["input_shapes"], row["dtype"], _plain(row["attributes"])) for row in self.table.rows
        }
        return measured | {tuple(row["what"].split("\t")) for row in self.failures.rows}

    def _block(self, cases: Sequence[KernelCase], until: float) -> int:
        """Measure some cases and write them down; returns how many were begun."""
        rows: list[tuple[KernelCase, dict[str, str]]] = []
        failures: list[dict[str, str]] = []
        begun = 0
        end = min(until, time.monotonic() + _BLOCK_SECONDS)
        for case in cases:
            if begun and time.monotonic() >= end:
                break
            begun += 1
            self.say(f"{case.op} {case.dtype} {'x'.join(map(str, case.input_shapes[0]))}")
            try:
                rows.extend((case, row) for row in self._measured(case))
                self._in_a_row = 0
            except (CaseNotRunnableError, RuntimeError, MemoryError) as error:
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                failures.append({"what": "\t".join(_key(case)), "reason": reason})
                self._in_a_row += 1
        names = self._kernel_names(list(dict.fromkeys(case for case, _ in rows)))
        self.table.add({**row, "kernel": names.get(case, "")} for case, row in rows)
        self.failures.add(failures)
        self.flushed()
        return begun

    def _measured(self, case: KernelCase) -> Iterator[dict[str, str]]:
        free = free_memory(self.device)
        if case.nbytes > _MEMORY_SHARE * free:
            raise CaseNotRunnableError(f"takes {case.nbytes / 1e9:.1f} GB of {free / 1e9:.1f} GB free")
        generator = torch.Generator(self.device).manual_seed(0)
        with torch.no_grad():
            for cache in ("warm", "cold"):
                make = partial(prepare, case, self.device, generator)
                found = measure(self.stopwatch, make, cold=cache == "cold", nbytes=case.nbytes)
                columns = case.columns()
                columns["attributes"] = _with_cache(columns["attributes"], cache)
                yield {"device": self.name, **columns, "latency_s": f"{found.median:.5e}", "source": _SOURCE}
        if self.device.type == "cuda" and torch.cuda.memory_reserved(self.device) > _MEMORY_SHARE * free:
            torch.cuda.empty_cache()

    def _kernel_names(self, cases: Sequence[KernelCase]) -> dict[KernelCase, str]:
        """Kernels that each case launches, in order, joined by " + "; empty where the profiler shows none."""
        if not cases or self._in_a_row >= _MOST_FAILURES:
            return {}
        generator = torch.Generator(self.device).manual_seed(0)

        def run() -> None:
            for index, case in enumerate(cases):
                call = prepare(case, self.device, generator)
                with stage_annotation(str(index)):
                    call()

        try:
            with torch.no_grad():
                trace = profile(run, self.device)
        except (RuntimeError, MemoryError) as error:
            line = (str(error).splitlines() or ["no message"])[0]
            self.failures.add([{"what": "names of kernels", "reason": line}])
            return {}
        found: dict[str, list[str]] = {}
        for event in trace.kernel_events():
            if event.stage:
                found.setdefault(event.stage, []).append(event.name)
        return {case: " + ".join(found.get(str(index), ())) for index, case in enumerate(cases)}


def _key(case: KernelCase) -> tuple[str, ...]:
    return tuple(case.columns().values())


def _with_cache(attributes: str, cache: str) -> str:
    """Attributes with one more, in the order of names as the others are."""
    import json

    return json.dumps({**json.loads(attributes), "cache": cache}, sort_keys=True)


def _plain(attributes: str) -> str:
    """Attributes as the case has them, without how it was measured."""
    import json

    return json.dumps({k: v for k, v in json.loads(attributes).items() if k != "cache"}, sort_keys=True)
