"""A measurement campaign: kernels and whole models of one device within some minutes, the most valuable first.

What it leaves in its folder, each file whole after every few cases, so that a run can be cut off and taken up again:

``kernels.csv.gz``
    Operator calls timed on the device alone, in the table format of measured kernels.
``traces/MODEL.trace``
    Whole pipelines at reduced steps.
``nvml.csv.gz``
    Clocks, power, temperature and throttle reasons through the run.
``failures.csv.gz``
    What could not be measured, and why.
``README.md``
    Conditions: device, builds, settings, how times were taken, what is there and what is left.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from hw_specs.output import write_text
from tracer.capture.machine.device_facts import build_facts, device_name, nvml_of, open_device
from tracer.capture.machine.nvml import DeviceSample, Sampler, summary
from tracer.graph import GraphError
from tracer.workloads import find_pipeline
from tracer.workloads.pipeline import Pipeline
from validation.machine.probe.description import machine_facts
from validation.machine.stopwatch import stopwatch_for
from validation.machine.sweeps import KernelCase, planned_cases

from .files import KERNEL_COLUMNS, GrowingTable
from .kernels import FAILURE_COLUMNS, KernelSweep
from .models import MODEL_RUNS, TINY_RUNS, ModelRun, trace_models

__all__ = ["Campaign", "CampaignError", "CampaignOptions", "run_campaign"]

#: Called with what is being measured, and the share of the time that has passed.
Progress = Callable[[str, float], None]

_NVML_COLUMNS = ("time", "core_clock", "memory_clock", "power", "temperature", "reasons")
# Share of the time after which whole models are begun; kernels go on after them.
_KERNEL_SHARE = 0.55
_SAMPLE_INTERVAL = 0.5


class CampaignError(GraphError):
    """A campaign that cannot be run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignOptions:
    """What a campaign measures.

    Attributes
    ----------
    device : str
        ``cuda``, ``cuda:N`` or ``cpu``.
    minutes : float
        After which nothing new is begun.
    tiny : bool
        A few small cases and one small model, which a CPU runs within a minute.
    models : sequence of ModelRun, optional
        Pipelines to trace; :data:`~validation.machine.campaign.models.MODEL_RUNS` by default.
    find : callable
        Pipeline of a name.
    """

    device: str = "cuda"
    minutes: float = 8.0
    tiny: bool = False
    models: Sequence[ModelRun] | None = None
    find: Callable[[str], Pipeline] = find_pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What a campaign left behind.

    Attributes
    ----------
    kernels, traces, failures : int
        Rows, files, and cases or models that cannot be measured here.
    cases_left, models_left : int
        Not begun.
    """

    kernels: int
    traces: int
    failures: int
    cases_left: int
    models_left: int


def run_campaign(folder: Path, options: CampaignOptions | None = None, progress: Progress | None = None) -> Campaign:
    """Measure into a folder; a folder that was begun before is taken up where it stopped.

    Parameters
    ----------
    folder : Path
        Created if it is not there; its parent must be.
    options : CampaignOptions, optional
    progress : callable, optional

    Raises
    ------
    DeviceError
        There is no such device.
    CampaignError
        The folder cannot be written to, or holds the measurements of another device.
    """
    options = options or CampaignOptions()
    device = open_device(options.device)
    run = _Run(folder=_folder(folder, device_name(device)), device=device, options=options, progress=progress)
    with run.sampler.recording():
        run.measure()
    return run.finish()


def _folder(folder: Path, device: str) -> Path:
    try:
        folder.mkdir(exist_ok=True)
        known = GrowingTable(folder / "kernels.csv.gz", KERNEL_COLUMNS).rows
    except OSError as error:
        raise CampaignError(f"{folder}: cannot write: {error.strerror}") from error
    other = {row["device"] for row in known} - {device}
    if other:
        raise CampaignError(f"{folder}: holds measurements of {', '.join(other)}; take another folder for {device}")
    return folder


@dataclass(slots=True, kw_only=True)
class _Run:
    """State of one run of a campaign."""

    folder: Path
    device: torch.device
    options: CampaignOptions
    progress: Progress | None
    start: float = field(default_factory=time.monotonic)
    kernels: GrowingTable = field(init=False)
    failures: GrowingTable = field(init=False)
    log: GrowingTable = field(init=False)
    sampler: Sampler = field(init=False)
    logged: int = 0
    cases_left: int = 0
    models_left: int = 0

    def __post_init__(self) -> None:
        self.kernels = GrowingTable(self.folder / "kernels.csv.gz", KERNEL_COLUMNS)
        self.failures = GrowingTable(self.folder / "failures.csv.gz", FAILURE_COLUMNS)
        self.log = GrowingTable(self.folder / "nvml.csv.gz", _NVML_COLUMNS)
        self.sampler = Sampler(nvml_of(self.device), interval=_SAMPLE_INTERVAL)

    @property
    def traces(self) -> Path:
        """Folder of the traces."""
        return self.folder / "traces"

    @property
    def end(self) -> float:
        """When nothing new is begun. [s]"""
        return self.start + 60 * self.options.minutes

    def measure(self) -> None:
        """Kernels, then models, then what is left of the kernels."""
        tiny = self.options.tiny
        cases = [case for _, case in planned_cases("tiny" if tiny else "full")]
        cache = machine_facts(self.device).llc or 2**25
        sweep = KernelSweep(
            device=self.device,
            name=device_name(self.device),
            stopwatch=stopwatch_for(self.device, cache=2**18 if tiny else cache),
            table=self.kernels,
            failures=self.failures,
            say=self.say,
            flushed=self.flush,
        )
        self.write_readme(cases)
        first = self.start + _KERNEL_SHARE * (self.end - self.start)
        self.cases_left = sweep.run(cases, until=first)
        self.write_readme(cases)
        default = TINY_RUNS if tiny else MODEL_RUNS
        self.models_left = trace_models(
            self.traces,
            default if self.options.models is None else self.options.models,
            self.device,
            until=self.end,
            failures=self.failures,
            say=self.say,
            find=self.options.find,
        )
        self.cases_left = sweep.run(cases, until=self.end)
        self.write_readme(cases)

    def say(self, what: str) -> None:
        """Progress, in shares of the time."""
        if self.progress is not None:
            self.progress(what, min((time.monotonic() - self.start) / (self.end - self.start), 1.0))

    def flush(self) -> None:
        """Write the samples that came since the last time."""
        new = self.sampler.samples[self.logged :]
        self.logged += len(new)
        self.log.add(_logged(sample) for sample in new)

    def finish(self) -> Campaign:
        """Write what is left, and count."""
        self.flush()
        return Campaign(
            kernels=len(self.kernels.rows),
            traces=len(list(self.traces.glob("*.trace"))),
            failures=len(self.failures.rows),
            cases_left=self.cases_left,
            models_left=self.models_left,
        )

    def write_readme(self, cases: Sequence[KernelCase]) -> None:
        """Conditions of the measurements so far."""
        self.flush()
        text = _readme(self, len(cases))
        write_text(self.folder / "README.md", text)


def _logged(sample: DeviceSample) -> dict[str, str]:
    numbers = {name: getattr(sample, name) for name in _NVML_COLUMNS[:-1]}
    return {**{name: f"{value:.10g}" for name, value in numbers.items()}, "reasons": " ".join(sample.reasons)}


_HOW = """\
## How times were taken

Kernels: each call is repeated within one {graph} until it lasts 0.2 ms or 32 times; the time is the median over 3 to
25 repetitions, after warming up, on normally distributed random inputs. `attributes.cache` says what the inputs met:
`warm`: the calls share one set of inputs and no cache is flushed; `cold`: every call has inputs and results of its
own, and a buffer larger than the cache is written before each repetition. `attributes.input_strides` are steps in
elements, `[]` for contiguous. Weights of norms and biases are not among `input_shapes`. Library defaults throughout: no
autotuning of convolutions, PyTorch's own choice of the attention kernel. Names of kernels come from the profiler.

Models: random weights, one warm-up run of each stage, runs without the profiler for the elapsed time, then runs with
it for the kernels. Steps are reduced; the facts of each trace say to how many (`runs.STAGE` of `repeats.STAGE`).
"""


def _readme(run: _Run, planned: int) -> str:
    facts = build_facts(run.device)
    by_op = Counter(row["op"] for row in run.kernels.rows)
    reasons = Counter(row["reason"] for row in run.failures.rows)
    traces = sorted(path.name for path in run.traces.glob("*.trace"))
    sampled = summary(run.sampler.samples)
    graph = "CUDA graph between two events" if run.device.type == "cuda" else "loop"
    parts = [
        f"# Measurements of {device_name(run.device)}\n",
        f"Taken by `validate campaign` of this project; {len(run.kernels.rows)} rows of kernels "
        f"({planned} cases planned, each warm and cold), {len(traces)} traces, {len(run.failures.rows)} failures.\n",
        "## Conditions\n",
        "".join(f"- {name}: {_text(value)}\n" for name, value in sorted(facts.items())),
        "".join(f"- {name}, while measuring: {_text(value)}\n" for name, value in sampled.items()),
        "\n" + _HOW.format(graph=graph),
        "## What is here\n",
        "".join(f"- `{op}`: {count} rows\n" for op, count in by_op.most_common()),
        "".join(f"- `traces/{name}`\n" for name in traces),
        "## What could not be measured\n" if reasons else "",
        "".join(f"- {count} x {reason}\n" for reason, count in reasons.most_common(20)),
    ]
    return "\n".join(part for part in parts if part)


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool | list | tuple) else str(value)
