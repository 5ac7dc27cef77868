"""The machine at hand as an accelerator: measured peaks, bandwidths, overheads and kernels.

What cannot be measured from PyTorch (capacities, cores, clocks, limits of power) is read from the operating system or
from the driver. The result is a specification file and a calibration that say what was measured, when and with what.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
import yaml

from hw_specs import Accelerator, FittedCalibration, format_quantity
from hw_specs.catalogue import load_file
from hw_specs.output import write_text
from simulator.lowering import execution_on
from tracer.capture.machine.device_facts import build_facts, device_name, open_device
from validation.machine.stopwatch import Stopwatch, measure, stopwatch_for
from validation.machine.sweeps import (
    FAMILIES,
    CaseNotRunnableError,
    KernelCase,
    Level,
    cases_of,
    planned_cases,
    prepare,
)
from validation.machine.sweeps.lowered import measured_cases

from .description import MachineFacts, machine_facts
from .fit import fit_calibration
from .host import host_times
from .load import Load, Watch
from .rates import Peaks, bandwidth_sweep, copy_bandwidth, level_bandwidth, measure_peaks

__all__ = ["Probe", "ProbeOptions", "ProbedCall", "Progress", "probe"]

#: Called with what is being measured, and the share of the whole that is done.
Progress = Callable[[str, float], None]

_SOURCE = "roofcast"
# Time for the repetitions of one case; longer than in a campaign, since a CPU is rarely alone. [s]
_BUDGET = 0.1
# Largest copies that are measured again at the end.
_AGAIN = 3
# Shares of the whole that the parts take, for the progress.
_PARTS = {"peaks": 0.15, "bandwidth": 0.3, "host": 0.35, "kernels": 0.85, "fit": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOptions:
    """How thoroughly a machine is measured.

    Attributes
    ----------
    level : {"tiny", "probe", "full"}, optional
        Kernels to measure: by default ``probe`` on a CPU and ``full`` on a GPU, which gets through thousands in the
        time; ``tiny`` is for tests and says little.
    seconds : float
        Longest time for kernels; what does not fit into it is left out and counted in the notes.
    largest_product : int
        Longest side of the matrix products that give the peaks.
    largest_copy : int
        Largest working set of the bandwidth sweep. [B]
    """

    level: Level | None = None
    seconds: float = 150.0
    largest_product: int = 16384
    largest_copy: int = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedCall:
    """A measured operator call.

    Attributes
    ----------
    case : KernelCase
    cold : bool
        Whether its inputs came from memory.
    latency : float
        [s]
    spread : float
        Half the distance of the quartiles of its repetitions, over it. [1]
    """

    case: KernelCase
    cold: bool
    latency: float
    spread: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What :func:`probe` found.

    Attributes
    ----------
    specification : str
        Text of a specification file, as :func:`hw_specs.load_accelerator` reads it.
    accelerator : Accelerator
    calibration : FittedCalibration
        Kernel parameters, and the host's costs as group ``host``.
    calls : tuple of ProbedCall
        What the calibration was fitted to.
    load : Load
        How busy the machine was meanwhile.
    """

    specification: str
    accelerator: Accelerator
    calibration: FittedCalibration
    calls: tuple[ProbedCall, ...]
    load: Load


def probe(device: str = "cpu", progress: Progress | None = None, options: ProbeOptions | None = None) -> Probe:
    """Measure a device of this machine.

    Parameters
    ----------
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    progress : callable, optional
    options : ProbeOptions, optional

    Raises
    ------
    DeviceError
        There is no such device.
    """
    options, target = options or ProbeOptions(), open_device(device)
    say, watch = _Say(progress), Watch()
    facts = machine_facts(target)
    cache = 2**18 if options.level == "tiny" else max(facts.l2 or 0, facts.llc or 0) or 2**25
    stopwatch = stopwatch_for(target, cache=cache)
    formats = frozenset(facts.architecture.matrix_formats)
    peaks = measure_peaks(
        target, stopwatch, matrix_formats=formats, say=say.part("peaks"), largest=options.largest_product
    )
    points = bandwidth_sweep(target, stopwatch, largest=options.largest_copy, say=say.part("bandwidth"))
    host = host_times(target, stopwatch)
    say.part("host")("host")
    rows, left_out = _measure_kernels(target, stopwatch, options, say.part("kernels"))
    points, memory = _large_copies_again(points, target, stopwatch)
    load = watch.load(torch.get_num_threads(), [row.spread for row in rows], memory)
    specification = _specification(facts, peaks, points, target, load)
    accelerator = _accelerator(specification)
    calibration = fit_calibration(
        measured_cases(
            accelerator,
            device_name(target),
            [row.case for row in rows],
            [row.latency for row in rows],
            cold=[row.cold for row in rows],
            source=_SOURCE,
            execution=execution_on(accelerator),
        ),
        name=_slug(facts.name),
        sources=(f"kernels measured on this machine, {_circumstances(target)}",),
        host=host,
        notes=f"{len(rows)} times, half of them with cold inputs, median of repetitions; {left_out}. {load.text()}",
        say=say.part("fit"),
    )
    return Probe(
        specification=specification, accelerator=accelerator, calibration=calibration, calls=tuple(rows), load=load
    )


def _large_copies_again(
    points: list[tuple[int, float]], device: torch.device, stopwatch: Stopwatch
) -> tuple[list[tuple[int, float]], tuple[float, float] | None]:
    """Points with the largest copies at their best of two times, and their bandwidth the first and the second time.

    Other programs can only make them slower.
    """
    if not points:
        return points, None
    large = points[-_AGAIN:]
    again = [copy_bandwidth(device, stopwatch, size) for size, _ in large]
    best = [(size, max(first, last)) for (size, first), last in zip(large, again, strict=True)]
    return [*points[:-_AGAIN], *best], (fmean(rate for _, rate in large), fmean(again))


class _Say:
    """Progress by parts, each creeping through its share."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._share = 0.0

    def part(self, name: str) -> Callable[[str], None]:
        def say(what: str) -> None:
            self._share += (_PARTS[name] - self._share) * 0.03
            if self._progress is not None:
                self._progress(what, self._share)

        return say


def _measure_kernels(
    device: torch.device, stopwatch: Stopwatch, options: ProbeOptions, say: Callable[[str], None]
) -> tuple[list[ProbedCall], str]:
    """Cases warm and cold, families in turn until the time is over, and what was left out in words."""
    generator = torch.Generator(device).manual_seed(0)
    waiting = _stacked(options.level or ("full" if device.type == "cuda" else "probe"))
    end = time.monotonic() + options.seconds
    rows: list[ProbedCall] = []
    failed = 0
    while waiting and time.monotonic() < end:
        case = waiting.pop()
        say(f"{case.op} {case.dtype}")
        try:
            for cold in (False, True):
                make = partial(prepare, case, device, generator)
                found = measure(stopwatch, make, cold=cold, nbytes=case.nbytes, budget=_BUDGET)
                spread = found.spread / found.median
                rows.append(ProbedCall(case=case, cold=cold, latency=found.median, spread=spread))
        except (CaseNotRunnableError, RuntimeError):
            failed += 1
    return rows, f"{len(waiting)} cases left out for time, {failed} that cannot run here"


def _stacked(level: Level) -> list[KernelCase]:
    """Cases in the order in which to measure them, the first on top."""
    if level == "full":
        return [case for _, case in reversed(planned_cases(level))]
    queues = [list(cases_of(family, level)) for family in FAMILIES]
    # All families come to their end together, whatever their length.
    ordered = [(position / len(queue), case) for queue in queues for position, case in enumerate(queue)]
    return [case for _, case in sorted(ordered, key=lambda entry: -entry[0])]


def _specification(
    facts: MachineFacts, peaks: Peaks, points: list[tuple[int, float]], device: torch.device, load: Load
) -> str:
    """Text of the specification file."""
    tree: dict[str, Any] = {
        "name": facts.name,
        "vendor": facts.vendor,
        "architecture": facts.architecture.name,
        "kind": facts.kind,
        "isa": facts.isa,
        "peak": {
            unit: {name: format_quantity(rate, "FLOP/s") for name, rate in rates.items()}
            for unit, rates in (("matrix", peaks.matrix), ("vector", peaks.vector), ("special", _special(facts, peaks)))
            if rates
        },
        "cores": _present(
            count=facts.cores,
            kind=facts.architecture.core,
            clock=format_quantity(facts.clock, "Hz"),
            warp_size=facts.warp_size,
            max_threads=facts.max_threads,
        ),
        "memory": _memory(facts, points),
        "power": {"board": format_quantity(facts.power, "W")} if facts.power else None,
        "sources": [
            f"measured on this machine by PyTorch, {_circumstances(device)}: peak, memory bandwidth",
            "operating system" if device.type == "cpu" else "CUDA device properties and NVML",
        ],
        "notes": f"{_notes(facts, peaks)} {load.text()}",
    }
    return yaml.safe_dump(_present(**tree), sort_keys=False, width=110, allow_unicode=True)


def _memory(facts: MachineFacts, points: list[tuple[int, float]]) -> dict[str, Any]:
    """Levels with the bandwidth of the working sets that each alone holds."""
    levels: dict[str, Any] = {}
    below = 0
    if facts.shared is not None:
        levels["shared"] = {"capacity": _bytes(facts.shared), "per_core": True}
        # A GPU's copies do not stay in it.
        below = facts.shared * facts.cores if facts.architecture.engine == "cpu" else 0
    for name, capacity in (("l2", facts.l2), ("llc", facts.llc), ("dram", None)):
        if name != "dram" and capacity is None:
            continue
        bandwidth = level_bandwidth(points, below, capacity)
        if name == "dram":
            # Where no working set leaves the caches, the largest is the nearest to memory that there is.
            bandwidth = bandwidth or points[-1][1]
        rate = None if bandwidth is None else format_quantity(bandwidth, "B/s")
        size = _bytes(capacity if capacity is not None else facts.memory)
        levels[name] = _present(capacity=size, bandwidth=rate, measured_bandwidth=rate)
        below = capacity or below
    return levels


def _special(facts: MachineFacts, peaks: Peaks) -> dict[str, float]:
    return {"fp32": facts.special} if facts.special else dict(peaks.special)


def _notes(facts: MachineFacts, peaks: Peaks) -> str:
    """What the rates mean, and what could not be measured."""
    text = (
        "Rates are the best of square matrix products, bandwidths those of copies with read and write counted: what "
        "the library reaches, not what the vendor states. Latencies are not measured."
    )
    if facts.architecture.engine == "cpu":
        text += f" Cores are the {facts.cores} that torch used, caches those within their reach."
    refused = "; ".join(f"{name} ({reason})" for name, reason in peaks.refused.items())
    return f"{text} Not multiplied here: {refused}." if refused else text


def _circumstances(device: torch.device) -> str:
    facts = build_facts(device)
    text = f"{str(facts['date'])[:10]}, torch {facts['torch']}, {facts['threads']} threads, host {facts['host_cpu']}"
    return f"{text}, driver {facts['driver']}" if "driver" in facts else text


def _accelerator(specification: str) -> Accelerator:
    """Accelerator of a specification's text, read as from a file, so that the text is known to be valid."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "probe.yaml"
        write_text(path, specification)
        return load_file(path)


def _bytes(value: int | None) -> str | None:
    return None if value is None else format_quantity(value, "B", digits=6)


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _slug(name: str) -> str:
    kept = "".join(c if c.isalnum() else " " for c in name.lower())
    return "_".join(kept.split())
