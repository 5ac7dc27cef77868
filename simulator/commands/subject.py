"""What is to run: a workload with its settings, a graph file or a trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from hw_specs import Accelerator, torch_dtype
from simulator.format_choice import dtype_of, settings_on
from simulator.options import SimulateOptions
from tracer.graph import GraphError, OpGraph
from tracer.library.graphs import graph_of
from tracer.progress_bar import working
from tracer.workloads import find_variant

__all__ = ["Subject", "named_variant", "refuse", "subject_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A workload with its settings, a graph file or a trace: one of `model`, `graph` and `trace` is there.

    A graph beside a trace lends it its shapes. ``from_`` is the accelerator that the trace ran on, and ``cache`` says
    whether a traced graph is kept.
    """

    model: str | None
    graph: Path | None
    trace: Path | None
    from_: str | None
    settings: Mapping[str, object]
    cache: bool

    def traced(self, settings: Mapping[str, object], accelerator: Accelerator) -> OpGraph:
        """Operators of a workload with some settings on an accelerator, or those of the file."""
        if self.model is not None:
            settings, _ = settings_on(self.model, accelerator, settings)
        return _graph(self.model, self.graph, settings, cache=self.cache)

    def remarks(self, accelerator: Accelerator) -> tuple[str, ...]:
        """What is said of the number format that is chosen."""
        if self.model is None:
            return ()
        return tuple(filter(None, settings_on(self.model, accelerator, self.settings)[1:]))


def subject_of(given: SimulateOptions) -> Subject:
    """Subject of a command's options."""
    formats = {
        "dtype": given.dtype and dtype_of(given.dtype),
        "vae_dtype": given.vae_dtype and torch_dtype(given.vae_dtype),
    }
    return Subject(
        model=given.model,
        graph=given.graph,
        trace=given.trace,
        from_=given.from_,
        settings={**given.settings(), **formats},
        cache=given.cache,
    )


def named_variant(model: str | None, variant: str | None) -> str | None:
    """Name of a variant of a model; that of the model where none is asked for."""
    if variant is None:
        return model
    if model is None:
        raise typer.BadParameter("--variant goes with --model NAME")
    return find_variant(model, variant).name


def refuse(settings: Mapping[str, object], what: str) -> None:
    """Refuse settings that are given although they change nothing.

    Raises
    ------
    GraphError
    """
    given = [name for name, value in settings.items() if value is not None]
    if given:
        raise GraphError(f"--{given[0].replace('_', '-')} does not apply to {what}")


def _graph(model: str | None, graph: Path | None, settings: Mapping[str, object], *, cache: bool) -> OpGraph:
    if graph is not None:
        from tracer.storage.graph_file import load_graph

        refuse(settings, "a graph file; trace it again")
        return load_graph(graph)
    if model is None:
        raise typer.BadParameter("give --model NAME or --graph FILE")
    with working(f"reading {model}") as say:
        return graph_of(model, settings, use_cache=cache, progress=lambda stage: say(f"tracing {model}: {stage}"))
