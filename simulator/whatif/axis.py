"""Axes of a workload along which a study scales it, and the values that a pipeline can have there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hw_specs.terminal.meanings import unknown
from simulator.parallel.scheme import Scheme, SchemeError
from tracer.graph import GraphError, Workload
from tracer.library.graphs import pipeline_of
from tracer.workloads import Pipeline, resolve

__all__ = ["DEVICES", "SCALES", "Axis", "axis_of"]

SCALES: Mapping[str, str] = {
    "batch": "batch",
    "resolution": "height",
    "frames": "num_frames",
    "steps": "num_inference_steps",
    "context": "prompt_length",
    "tokens": "max_new_tokens",
}
"""Axes by name, and the setting whose value stands on each; of the resolution, the width goes with the height."""

DEVICES = "devices"
"""Axis of the devices that share a workload."""

# Doublings of a split that are tried where no numbers of devices are named.
_DOUBLINGS = 5

# Values beside the default that are tried where none are named, as multiples of it; of a batch, from 1 on.
_USUAL = (0.25, 0.5, 0.71, 1.0, 1.41, 2.0, 4.0)
_BATCHES = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An axis of one workload.

    Attributes
    ----------
    name : str
        One of :data:`SCALES`.
    pipeline : Pipeline
    base : Workload
        What holds beside the axis, and the default on it.
    """

    name: str
    pipeline: Pipeline
    base: Workload

    @property
    def step(self) -> int:
        """Distance of values that the pipeline can have."""
        return {"resolution": self.pipeline.size_multiple, "frames": self.pipeline.frame_rule[0]}.get(self.name, 1)

    @property
    def default(self) -> int:
        """Value of the workload as it is."""
        return int(getattr(self.base, SCALES[self.name]))

    def nearest(self, value: float) -> int:
        """Nearest value that the pipeline can have."""
        offset = self.pipeline.frame_rule[1] if self.name == "frames" else 0
        steps = max(round((value - offset) / self.step), 0 if offset else 1)
        return offset + self.step * steps

    def usual(self) -> list[int]:
        """Values to try where none are named, ascending."""
        if self.name == "batch":
            return list(_BATCHES)
        return sorted({self.nearest(self.default * factor) for factor in _USUAL})

    def settings(self, value: int) -> dict[str, object]:
        """Settings of the workload at a value.

        Raises
        ------
        WorkloadError
            The pipeline cannot have it.
        """
        found: dict[str, object] = {SCALES[self.name]: value}
        if self.name == "resolution" and self.base.width is not None:
            multiple = self.pipeline.size_multiple
            found["width"] = max(multiple * round(value * self.base.width / self.default / multiple), multiple)
        resolve(self.pipeline, found)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesAxis(Axis):
    """Devices that share a workload: one split grows, and the others stay.

    Attributes
    ----------
    scheme : Scheme
        What holds beside the split that grows.
    split : str
        The one that grows.
    """

    scheme: Scheme
    split: str

    @property
    def default(self) -> int:
        """Devices of the other splits."""
        return self.scheme.scaled(self.split, 1).devices

    def usual(self) -> list[int]:
        """One device, and powers of two of the split that grows."""
        return sorted({1, *(self.default * 2**power for power in range(_DOUBLINGS))})

    def settings(self, value: int) -> dict[str, object]:
        """The split into so many devices; one device has none.

        Raises
        ------
        SchemeError
            The other splits do not divide it.
        """
        if value == 1:
            return {"parallel": ""}
        grown = self.scheme.scaled(self.split, max(value // self.default, 1))
        if grown.devices != value:
            raise SchemeError(f"{value} devices are no multiple of the {self.default} of {self.scheme or self.split}")
        return {"parallel": str(grown)}


def _devices_axis(pipeline: Pipeline, base: Workload, parallel: str) -> DevicesAxis:
    """The last split that is named grows; of none, the weights of a language model or the sequence of another."""
    text = parallel or ("tensor=1" if pipeline.family == "language" else "ulysses=1")
    split = text.split(",")[-1].partition("=")[0].strip()
    return DevicesAxis(name=DEVICES, pipeline=pipeline, base=base, scheme=Scheme.parse(text), split=split)


def axis_of(model: str, name: str, settings: Mapping[str, object], parallel: str = "") -> Axis:
    """Axis of a workload.

    Parameters
    ----------
    model : str
        Name of a pipeline, or path of a folder of a diffusers pipeline or a language model.
    name : str
        One of :data:`SCALES`, or :data:`DEVICES`.
    settings : mapping
        What is set beside the axis.
    parallel : str
        How devices share the work; along the axis of devices, the last split of it grows.

    Raises
    ------
    GraphError, UnknownWorkloadError
        There is no such axis, or the pipeline has none; no such pipeline.
    """
    if name not in (*SCALES, DEVICES):
        raise GraphError(unknown("axis", name, (*SCALES, DEVICES)))
    pipeline = pipeline_of(model)
    base = resolve(pipeline, settings)
    if name == DEVICES:
        return _devices_axis(pipeline, base, parallel)
    if getattr(base, SCALES[name]) is None:
        raise GraphError(f"{pipeline.name} has no {name}; valid: {', '.join(_axes(base))}")
    return Axis(name=name, pipeline=pipeline, base=base)


def _axes(base: Workload) -> Iterator[str]:
    return (name for name, setting in SCALES.items() if getattr(base, setting) is not None)
