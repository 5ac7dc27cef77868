"""Traces of real runs: a workload or any callable under the PyTorch profiler, on a CPU or a CUDA device.

A pipeline runs stage by stage with random weights. Each stage runs a few times to warm up, then as often as asked
without the profiler, which gives its elapsed time, and then as often again with it, which gives its kernels. The
two devices share everything but waiting for the device, the profiler's activities, and where kernels come from: on a
CPU they are the operators themselves.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import torch
from torch import nn

from tracer.graph import AttributeValue, GraphError, Workload
from tracer.trace import RunFacts, Trace
from tracer.workloads.pipeline import Pipeline, StageSpec

from .annotate import module_annotations
from .joining import join_traces
from .machine.device_facts import build_facts, device_name, nvml_of, open_device, synchronize
from .machine.memory import bounded_memory
from .machine.nvml import Sampler, summary
from .materialize import ExampleInputs, built_without_weights, chosen_repeats, drop_weights, fill_weights
from .profiling import profile, stage_annotation

__all__ = ["CaptureError", "CaptureOptions", "Progress", "trace_callable", "trace_pipeline"]

#: Called with what is being done, the runs done so far and all runs.
Progress = Callable[[str, int, int], None]


class CaptureError(GraphError):
    """A run that failed, or that there is nothing to capture of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureOptions:
    """How a run is captured.

    Attributes
    ----------
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    steps : int, optional
        Most repeats of any stage that are run; all by default. Of a stage that grows, as many from first to last.
    warmup : int
        Runs of a stage before anything is measured.
    chrome : Path, optional
        File for the profiler's own trace (``.json`` or ``.json.gz``). A pipeline of several stages has one for each,
        with the stage's name before the ending.
    seed : int
        Of weights and inputs.
    progress : callable, optional
    """

    device: str = "cpu"
    steps: int | None = None
    warmup: int = 1
    chrome: Path | None = None
    seed: int = 0
    progress: Progress | None = None

    def __post_init__(self) -> None:
        """Refuse counts that leave nothing to measure."""
        if self.steps is not None and self.steps < 1:
            raise CaptureError(f"steps is {self.steps}; it must be at least 1")
        if self.warmup < 0:
            raise CaptureError(f"warmup is {self.warmup}; it must not be negative")


def trace_pipeline(pipeline: Pipeline, workload: Workload, options: CaptureOptions | None = None) -> Trace:
    """Trace of a run of a named workload with random weights and inputs.

    Parameters
    ----------
    pipeline : Pipeline
    workload : Workload
        Complete settings, as :func:`tracer.workloads.resolve` gives them.
    options : CaptureOptions, optional

    Returns
    -------
    Trace
        Its facts hold, beside machine and build, for each stage the repeats that the pipeline makes
        (``repeats.STAGE``), the repeats that were run (``runs.STAGE``) and their mean elapsed time without the
        profiler (``elapsed.STAGE``) [s].

    Raises
    ------
    DeviceError
        There is no such device.
    CaptureMemoryError
        Weights or activations do not fit into its memory.
    CaptureError
        A stage fails, for instance because the device cannot run the dtype.
    """
    options = options or CaptureOptions()
    device = open_device(options.device)
    with warnings.catch_warnings():
        # Model classes warn about deprecated arguments of their own; none bears on the run.
        warnings.simplefilter("ignore")
        _quiet_libraries()
        with built_without_weights(device), bounded_memory(device, pipeline.name):
            specs = pipeline.build(workload)
        session = _Session(device=device, options=options, total=sum(_runs(spec, options) for spec in specs))
        for position, spec in enumerate(specs):
            session.capture_stage(spec, options.chrome and _chrome_of(options.chrome, spec.name, len(specs)))
            if all(later.module is not spec.module for later in specs[position + 1 :]):
                drop_weights(spec.module)
    return session.trace(pipeline.name, {f"workload.{name}": value for name, value in asdict(workload).items()})


def trace_callable(
    function: Callable[..., object],
    *example_inputs: object,
    name: str = "model",
    repeats: int = 1,
    options: CaptureOptions | None = None,
    **keyword_inputs: object,
) -> Trace:
    """Trace of any callable: a module that already has its weights, or a function on tensors.

    Parameters
    ----------
    function : callable
        Its parameters and the inputs are on the device already.
    *example_inputs, **keyword_inputs
        What it is called with.
    name : str
        Of the trace and of its only stage.
    repeats : int
        Calls that are measured.
    options : CaptureOptions, optional

    Raises
    ------
    DeviceError, CaptureMemoryError, CaptureError
        As :func:`trace_pipeline`.
    """
    options = options or CaptureOptions()
    device = open_device(options.device)
    if any(p.is_meta for p in function.parameters()) if isinstance(function, nn.Module) else False:
        raise CaptureError(f"{name} has parameters on the meta device; give them data (module.to_empty) first")
    session = _Session(device=device, options=options, total=options.warmup + 2 * repeats)
    session.capture(
        _Work(
            name=name,
            root=function,
            repeats=repeats,
            chosen=range(repeats),
            grows=False,
            run=lambda repeat: function(*example_inputs, **keyword_inputs),
        ),
        component=name,
        chrome=options.chrome,
    )
    return session.trace(name, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What is run as one stage: ``run(repeat)`` for each of the `chosen` repeats."""

    name: str
    root: object
    repeats: int
    chosen: Sequence[int]
    grows: bool
    run: Callable[[int], object]


@dataclass(slots=True, kw_only=True)
class _Session:
    """State of one capture: what was measured so far."""

    device: torch.device
    options: CaptureOptions
    total: int
    done: int = 0
    traces: list[Trace] = field(default_factory=list)
    facts: dict[str, AttributeValue] = field(default_factory=dict)
    sampler: Sampler = field(init=False)

    def __post_init__(self) -> None:
        self.sampler = Sampler(nvml_of(self.device))

    def capture_stage(self, spec: StageSpec, chrome: Path | None) -> None:
        """Run one stage of a pipeline on random weights, which stay for later stages that share them."""
        self._say(f"{spec.name}: weights")
        with self._failures(spec.name):
            fill_weights(spec.module, self.device, seed=self.options.seed)
        inputs = ExampleInputs(self.device, seed=self.options.seed)
        work = _Work(
            name=spec.name,
            root=spec.module,
            repeats=spec.repeats,
            chosen=chosen_repeats(spec.repeats, self.options.steps, grows=spec.grows),
            grows=spec.grows,
            run=partial(inputs.run, spec.run, spec.module),
        )
        self.capture(work, component=spec.component, chrome=chrome)

    def capture(self, work: _Work, *, component: str, chrome: Path | None) -> None:
        """Warm up, measure the elapsed time, then profile."""
        warmup = work.chosen if work.grows and self.options.warmup else [work.chosen[0]] * self.options.warmup
        with torch.no_grad(), self._failures(work.name):
            self._each(work, warmup, "warm-up")
            with self.sampler.recording():
                elapsed = self._elapsed(lambda: self._each(work, work.chosen, "timed"))
            with module_annotations(work.root, component):
                self.traces.append(profile(lambda: self._annotated(work), self.device, chrome=chrome))
        self.facts |= {
            f"repeats.{work.name}": work.repeats,
            f"runs.{work.name}": len(work.chosen),
            f"elapsed.{work.name}": elapsed / len(work.chosen),
        }

    def trace(self, name: str, settings: Mapping[str, AttributeValue]) -> Trace:
        """Everything captured, with the facts of machine and run."""
        known = {k: v for k, v in settings.items() if v is not None}
        machine = build_facts(self.device)
        facts = RunFacts(
            format="roofcast",
            device=device_name(self.device),
            framework=f"torch {torch.__version__}",
            settings=tuple(sorted({**machine, **summary(self.sampler.samples), **self.facts, **known}.items())),
        )
        joined = join_traces(name, facts, self.traces)
        return replace(joined, facts=facts)

    def _each(self, work: _Work, repeats: Sequence[int], what: str) -> None:
        for repeat in repeats:
            self._say(f"{work.name}: {what}")
            work.run(repeat)
            self.done += 1

    def _elapsed(self, run: Callable[[], None]) -> float:
        synchronize(self.device)
        start = time.perf_counter()
        run()
        synchronize(self.device)
        return time.perf_counter() - start

    def _annotated(self, work: _Work) -> None:
        with stage_annotation(work.name):
            self._each(work, work.chosen, "profiled")

    @contextmanager
    def _failures(self, stage: str) -> Iterator[None]:
        """One line for what a stage can die of: memory, or an operator that the device lacks for a dtype."""
        with bounded_memory(self.device, stage):
            try:
                yield
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                if "can't allocate memory" in str(error):
                    raise
                line = (str(error).splitlines() or ["no message"])[0]
                raise CaptureError(f"{stage} cannot run on {self.device}: {line}") from error

    def _say(self, what: str) -> None:
        if self.options.progress is not None:
            self.options.progress(what, self.done, self.total)


def _runs(spec: StageSpec, options: CaptureOptions) -> int:
    chosen = len(chosen_repeats(spec.repeats, options.steps, grows=spec.grows))
    warmup = chosen if spec.grows and options.warmup else options.warmup
    return warmup + 2 * chosen


def _chrome_of(path: Path, stage: str, stages: int) -> Path:
    """File of one stage: ``run.json.gz`` becomes ``run.unet.json.gz`` where there are several."""
    if stages == 1:
        return path
    suffixes = "".join(s for s in path.suffixes if s in (".json", ".gz"))
    return path.with_name(f"{path.name.removesuffix(suffixes)}.{stage}{suffixes}")


def _quiet_libraries() -> None:
    for library in ("diffusers", "transformers"):
        logging.getLogger(library).setLevel(logging.ERROR)
