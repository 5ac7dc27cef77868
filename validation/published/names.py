"""Names in tables of published figures, and what they mean: the map that ``names.yaml`` holds, read and applied."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import pydantic

from hw_specs import SpecError
from hw_specs.reading.explain import read_model

from .case import CaseError
from .entries import Entry, Expression, Record, Text

__all__ = [
    "NAMES",
    "Attention",
    "Component",
    "Device",
    "Engine",
    "HostLine",
    "MemoryLine",
    "Metric",
    "Model",
    "Names",
    "Option",
    "Precision",
    "Remark",
    "Scheduled",
    "SchemeLine",
    "Source",
    "Unmappable",
    "WorkloadKind",
    "all_that_fit",
    "first_that_fits",
    "load_names",
]

NAMES = Path(__file__).parent / "names.yaml"


class Unmappable(Exception):  # noqa: N818  # a row that is no case is no error of the program
    """Why a row is no case."""


class Model(Entry):
    """Workload of a pipeline's name."""

    workload: Text
    whole: bool = True
    """Whether the whole pipeline is the workload's; its denoiser is always."""
    guided: bool = True
    """Whether a step takes two passes where a row does not say."""
    lora: str = ""
    """Adapter beside it, as `simulate --lora` reads it."""
    assumed: str = ""
    """What the line takes for granted."""


class WorkloadKind(Record):
    """How runs of a workload are stated."""

    name: Text
    denoiser: Text = "transformer"
    """Stage that is one step."""
    decoder: Text = "vae"
    """Set of weights whose stages, but those that encode, make pixels."""
    text_encoders: dict[Text, Text] = pydantic.Field(default_factory=lambda: {"": "text_encoder"})
    """Stages by which of several text encoders a source names; an empty name is the only one."""
    formats: dict[Text, Text] = pydantic.Field(default_factory=dict)
    """Number format of components that keep one whatever that of the run is."""
    attention: Text | None = None
    """What ran where a source does not say."""
    guided: bool = True
    """Whether guidance is a second pass, which can be left out."""
    beside: tuple[Text, ...] = ()
    """Other components that run in every step, and which scripts treat as they treat the denoiser."""
    sequential: bool = False
    """Whether a step is several stages in turn, and not one stage that runs once for each step."""
    video: bool = False
    """Whether it makes frames."""
    decodes: bool = False
    """Whether it decodes tokens, and rates are those of its stage ``decode``."""


class Component(Entry):
    """Part of a run that a component's name stands for."""

    part: Literal["whole", "denoiser", "decoder", "encoder", "text_encoder", "image_encoder", "kernel"]
    which: str = ""
    """Which of several text encoders."""


class Metric(Entry):
    """What a number is of, by the name of its metric."""

    per: Literal["run", "output", "step", "token"]
    rate: bool = False
    """Whether it counts them in a time, and is not the time of one."""
    unit: Annotated[float, pydantic.Field(gt=0)] = 1.0
    """Of the time. [s]"""

    def seconds(self, value: float) -> float:
        """Time of one. [s]"""
        return self.unit / value if self.rate else self.unit * value


class Scheduled(Entry):
    """Scheduler (:mod:`tracer.workloads.schedulers`) by what a source says."""

    scheduler: Text


class Device(Entry):
    """Accelerator of a name that leaves the variant open."""

    accelerator: Text
    assumed: bool = False


class Precision(Entry):
    """Number format of a run; an empty `dtype` is the pipeline's own."""

    dtype: str
    quantize: str = ""
    """Scheme of :mod:`simulator.quantization` that its linear layers run by."""
    quantizes: tuple[Text, ...] = ()
    """What is quantised beside the denoiser."""
    tf32: bool = False
    autocast: bool = False
    assumed: bool = False


class Attention(Entry):
    """Attention of :class:`simulator.execution.Execution` by the name of an implementation."""

    attention: Text
    assumed: bool = False


class Engine(Entry):
    """Execution mode by what ran the model."""

    mode: Text
    name: str = ""
    """Of an engine that is no framework's own."""
    attention: Text | None = None
    """What ran where a source does not say."""
    assumed: str = ""
    """What the line takes for granted."""
    kv_cache: Text | None = None
    """How it keeps keys and values of a language model; as the workload does where no line says so."""


class Source(Entry):
    """What a source's script does, whatever its rows say.

    Fits a text of four lines: source, device, precision and attention. What an entry says of the software and the table
    is asked for by the first line alone.
    """

    tf32: bool = False
    autocast: bool = False
    """Whether PyTorch runs under autocast."""
    plain: str = ""
    """Component that does not."""
    accelerator: str = ""
    """What ran it, where the name of the device leaves the variant open."""
    refuse: str = ""
    """Why a row is no case."""
    compile: str = ""
    """What the column of the compiler leaves out."""
    attention: Text | None = None
    """What ran where no column says."""
    newest_then: str = ""
    """Release of the framework that was the newest one when its figures were published."""
    table: str = ""
    """What several files of one author are parts of."""
    runs: pydantic.PositiveInt = 1
    """Runs that a figure is the time of."""
    prompt: pydantic.PositiveInt | None = None
    generates: pydantic.PositiveInt = 200


class Script(Entry):
    """What a source's script does to its pipeline."""

    compiles: Literal["all", "denoiser"] = "all"
    """What the compiler is given."""
    graph: bool = False
    """Whether compiled code is launched as a graph."""
    max_autotune: bool = False
    """Whether the compiler tunes what it generates."""
    attention: str = ""
    """Attention of compiled runs, where the script asks for one."""
    quantizes: tuple[Text, ...] = ()
    """Components that are quantised beside the denoiser, where a run is."""
    quantize: str = ""
    """Scheme by which it quantises, where it is another one than the precision column tells."""
    kv_cache_dtype: str = ""
    """Format in which it keeps keys and values, where a run is quantised."""
    lora: str = ""
    """Adapter that is loaded, as `simulate --lora` reads it."""
    channels_last: Literal["none", "compiled", "every"] = "none"
    """Runs whose images lie channels-last, beside those of which the row says so."""
    channels_last_of: Literal["all", "denoiser"] = "all"
    """What lies so where anything does."""


class Remark(Entry):
    """What notes say of a run."""

    refuse: str = ""
    channels_last: bool = False
    compiled_as_graph: bool = False
    """Whether compiled code is launched as a graph."""
    max_autotune: bool = False
    """Whether the compiler tunes what it generates."""
    offload: str = ""
    """Where weights wait (:mod:`simulator.schedule.offload`)."""
    vae_tiling: bool = False
    """Whether the autoencoder works on tiles."""
    vae_dtype: str = ""
    """Number format of the autoencoder."""
    counts_steps: bool = False
    """Whether a rate is of steps, however often a step runs the denoiser."""
    per_device: bool = False
    """Whether a rate is that of one device of those that a run is split over."""
    per_output: bool = False
    """Whether a time is that of one image or video of the batch."""
    batch_of_all: bool = False
    """Whether the batch is that of all devices together."""


class MemoryLine(Entry):
    """What of a device's memory a source counts, by a text of its source, model, compile column and notes."""

    figure: Literal["allocated", "reserved", "device"] = "allocated"
    """Of the framework's allocator, what it holds or what it has asked for; or all that the driver counts."""
    unit: Annotated[float, pydantic.Field(gt=0)] = 2.0**30
    """[B]"""
    of: Literal["run", "component"] = "run"
    """Whether a component that is timed by itself is all that is loaded."""
    loaded_whole: bool = False
    """Whether the peak counts from before weights are quantised on."""
    assumed: bool = False
    """Whether the source does not say it."""
    parameters_beside: pydantic.NonNegativeInt = 0
    """Parameters of what runs beside the workload."""
    refuse: str = ""
    """Why the figure is not compared."""


class Option(Entry):
    """What a script switches on that no field of a case says."""

    option: Text


class SchemeLine(Entry):
    """How a run is split over devices, by a text of its source, model, device, number of devices, size and notes.

    Written as `simulate --parallel` reads it, with what the pattern's groups hold as ``\\1`` and the number of devices
    as ``N``; empty where the source does not say or the split is not modelled.
    """

    parallel: str = ""


class HostLine(Entry):
    """Host (:mod:`simulator.hosts`) of a device, where its source states the processor or its form factor tells it."""

    host: Text


class Names(pydantic.BaseModel):
    """The whole map; lists in the order in which they are tried."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    models: tuple[Model, ...]
    workloads: tuple[WorkloadKind, ...]
    components: tuple[Component, ...]
    metrics: tuple[Metric, ...]
    schedulers: tuple[Scheduled, ...]
    devices: tuple[Device, ...]
    device_makers: Expression
    """What may stand before the name of a device."""
    device_remarks: tuple[Text, ...]
    """Remarks in parentheses that belong to the name of a device."""
    device_left_open: Text
    """Remark that a name of a device leaves the variant open."""
    precisions: tuple[Precision, ...]
    attentions: tuple[Attention, ...]
    engines: tuple[Engine, ...]
    sources: tuple[Source, ...]
    scripts: tuple[Script, ...]
    remarks: tuple[Remark, ...]
    memory: tuple[MemoryLine, ...]
    energy: tuple[Expression, ...]
    """Find joules in notes, as a group ``output`` (of one) or ``run`` (of the batch)."""
    lengths: tuple[Expression, ...]
    """Find the tokens in and out of a language model's run in notes, as groups ``prompt`` and ``generated``."""
    software: Expression
    """Finds the release of PyTorch in a text, as its group ``release``."""
    options: tuple[Option, ...]
    schemes: tuple[SchemeLine, ...]
    scheme_words: Expression
    """What the name of an attention says of the split."""
    hosts: tuple[HostLine, ...]

    @pydantic.field_validator("software")
    @classmethod
    def _names_the_release(cls, expression: str) -> str:
        if "release" not in re.compile(expression).groupindex:
            raise ValueError("has no group 'release'")
        return expression

    def workload(self, name: str) -> WorkloadKind:
        """How runs of a workload are stated."""
        return next((kind for kind in self.workloads if kind.name == name), WorkloadKind(name=name))

    def release(self, text: str) -> str:
        """Release of PyTorch that a text states, as ``torch-2.1``; empty where it states none."""
        found = re.search(self.software, text, re.IGNORECASE)
        return f"torch-{found['release']}" if found else ""

    def newest_then(self, source: str) -> str:
        """Release that was the newest one when a source published its figures; empty where no line says so."""
        return next((line.newest_then for line in all_that_fit(self.sources, source) if line.newest_then), "")

    def table(self, source: str) -> str:
        """Table that a source is part of: itself, unless a line says otherwise."""
        return next((line.table for line in all_that_fit(self.sources, source) if line.table), source)


_Entry = TypeVar("_Entry", bound=Entry)


def first_that_fits(entries: Sequence[_Entry], text: str) -> _Entry | None:
    """The line that decides what a text means; None if there is none."""
    return next(all_that_fit(entries, text), None)


def all_that_fit(entries: Sequence[_Entry], text: str) -> Iterator[_Entry]:
    """Lines whose pattern fits a text, in their order."""
    return (entry for entry in entries if entry.fits(text))


@functools.cache
def load_names(path: Path = NAMES) -> Names:
    """Map of a YAML file.

    Raises
    ------
    CaseError
        The file cannot be read, or with every line that is not what it must be.
    """
    try:
        return read_model(path, Names)
    except SpecError as error:
        raise CaseError(str(error), error.complaints) from error
