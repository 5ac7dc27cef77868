"""What a published figure is of: the part of a run, and its time from a number in some unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tracer.workloads import find_pipeline
from tracer.workloads.schedulers import runs_of_denoiser
from validation.published.names import Component, Metric, Model, Names, Unmappable, WorkloadKind, first_that_fits

from .columns import Row, positive_figure
from .language import part_of_run

__all__ = ["Figure", "figure_of", "is_kernel", "part_of"]

Settings = Mapping[str, int | float | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Quantity and stage as :class:`~validation.published.case.Case` has them, and the time. [s]"""

    quantity: str
    stage: str | None
    value: float


def part_of(row: Row, names: Names) -> Component | None:
    """Part of a run that a row's component names, with its notes; None for one that is not known."""
    return first_that_fits(names.components, f"{row.get('component') or 'e2e'}\n{row.get('notes', '')}")


def is_kernel(row: Row, names: Names) -> bool:
    """Whether a row is of a single kernel, and not of a run or a part of one."""
    part = part_of(row, names)
    return part is not None and part.part == "kernel"


def figure_of(
    row: Row,
    names: Names,
    *,
    model: Model,
    kind: WorkloadKind,
    settings: Settings,
    runs: int = 1,
    replicas: int = 1,
) -> Figure:
    """Figure of a row.

    Parameters
    ----------
    settings : mapping
        Fields of :class:`tracer.graph.Workload` of the run.
    runs : int
        Runs that the number is the time of.
    replicas : int
        Devices, or groups of them, that make samples side by side; rates are those of all.

    Raises
    ------
    Unmappable
        The number is none, or is of nothing that is predicted.
    """
    metric = first_that_fits(names.metrics, row["metric"].strip())
    if metric is None:
        raise Unmappable("metric is no time")
    one, part = metric.seconds(positive_figure(row, "value")) / runs, part_of(row, names)
    of_output = metric.per == "output" or (metric.per == "run" and _is_per_output(row, names))
    batch = float(settings["batch"])
    if kind.decodes:
        return _of_tokens(row, metric, one / _devices_of_a_rate(row, names), settings)
    if part is None or not (model.whole or part.part == "denoiser"):
        raise Unmappable("component is not predicted by itself")
    if metric.per == "token":
        raise Unmappable("metric is of tokens")
    if part.part == "denoiser" or metric.per == "step":
        if part.part not in ("denoiser", "whole"):
            raise Unmappable("metric is of steps, of a component that makes none")
        return _step(row, names, metric=metric, kind=kind, settings=settings, one=one)
    value = one * (batch * replicas if of_output else 1)
    quantity, stage = _quantity(part, kind)
    return Figure(quantity=quantity, stage=stage, value=value)


def _is_per_output(row: Row, names: Names) -> bool:
    """Whether the notes say that a time is of one sample of the batch."""
    return any(remark.per_output and remark.fits(row.get("notes", "")) for remark in names.remarks)


def _devices_of_a_rate(row: Row, names: Names) -> int:
    """Devices that share the work whose rate a row gives for one of them; 1 where it gives that of all."""
    said = any(remark.per_device and remark.fits(row.get("notes", "")) for remark in names.remarks)
    return int(float(row.get("n_devices") or 1)) if said else 1


def _of_tokens(row: Row, metric: Metric, one: float, settings: Settings) -> Figure:
    """Prefill, one pass of decoding, or the whole run of a language model."""
    stage, batch = part_of_run(row.get("notes", "")), float(settings["batch"])
    if metric.per == "token":
        return (
            Figure(quantity="stage_latency", stage=stage, value=batch * one)
            if stage
            else Figure(quantity="latency", stage=None, value=batch * int(settings["max_new_tokens"]) * one)
        )
    if metric.per != "run":
        raise Unmappable("metric is no time of a run or of a token")
    return Figure(quantity="stage_latency" if stage else "latency", stage=stage, value=one)


def _step(
    row: Row,
    names: Names,
    *,
    metric: Metric,
    kind: WorkloadKind,
    settings: Settings,
    one: float,
) -> Figure:
    """One run of the denoiser, both guidance passes included; who times all of its runs says how many as steps."""
    if metric.per == "step":
        counts_steps = any(remark.counts_steps and remark.fits(row.get("notes", "")) for remark in names.remarks)
        value = one / _runs_of_a_step(kind.name, settings) if counts_steps else one
    else:
        value = one / int(settings.get("num_inference_steps", 1))
    return Figure(quantity="step_latency" if kind.sequential else "stage_latency", stage=kind.denoiser, value=value)


def _runs_of_a_step(model: str, settings: Settings) -> float:
    """Runs of the denoiser for each step, as the scheduler makes them."""
    defaults = find_pipeline(model).defaults
    steps = int(settings.get("num_inference_steps", defaults.num_inference_steps or 1))
    scheduler = settings.get("scheduler")
    workload = replace(
        defaults, num_inference_steps=steps, scheduler=str(scheduler) if scheduler else defaults.scheduler
    )
    return (runs_of_denoiser(workload) or 1) / steps


def _quantity(part: Component, kind: WorkloadKind) -> tuple[str, str | None]:
    """Quantity and stage of a part that is no denoiser."""
    if part.part == "whole":
        return "latency", None
    if part.part == "decoder":
        return "component_latency", kind.decoder
    if part.part != "text_encoder":
        return "stage_latency", "vae_encoder" if part.part == "encoder" else part.part
    if part.which not in kind.text_encoders:
        raise Unmappable("which of several text encoders it is of is not stated")
    return "stage_latency", kind.text_encoders[part.which]
