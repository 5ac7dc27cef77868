"""Taxonomy of the suite (the study's Table I), read from the graphs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import isqrt

from simulator.lowering import category_of
from simulator.profile.lengths import sequence_length
from tracer.graph import OpGraph, Stage
from tracer.lengths import attention_calls
from validation.study.laboratory import Laboratory
from validation.study.section import Section
from validation.study.stages import stage_flops
from validation.study.study import StudyModel
from validation.study.table import Cell, Table

__all__ = ["section", "stages_table", "taxonomy_table"]

_UNITS = {
    "model": "",
    "task": "",
    "architecture": "",
    "stand_in": "",
    "parameters": "",
    "main_parameters": "",
    "main_stage": "",
    "runs": "",
    "attention_layers": "",
    "widths": "",
    "heads": "",
    "head_dims": "",
    "attention_lengths": "tokens",
    "attention_resolutions": "",
    "text_keys": "tokens",
    "convolutions": "",
    "linears": "",
    "group_norms": "",
    "output": "pixel",
    "frames": "",
    "dtype": "",
}
_STAGE_UNITS = {
    "model": "",
    "stage": "",
    "component": "",
    "runs": "",
    "parameters": "",
    "calls": "",
    "attention_calls": "",
    "convolutions": "",
    "linears": "",
    "group_norms": "",
    "flops": "FLOP",
    "attention_lengths": "tokens",
}
_SHOWS = (
    "What each model of the suite is, counted in the graphs that its pipeline gives: parameters of all parts and of "
    "the main one; how often the main stage runs; its attention layers with their widths, heads and sequence lengths;"
    " and its operator calls in one run. Attention resolutions are the sides of the square feature maps that attend "
    "to themselves. A star marks a stand-in for a model that is not disclosed; no claim rests on it."
)


def section(laboratory: Laboratory) -> Section:
    """Taxonomy of the models and of their stages."""
    return Section(
        name="taxonomy",
        title="Model taxonomy",
        shows=_SHOWS,
        tables=(taxonomy_table(laboratory), stages_table(laboratory)),
    )


def taxonomy_table(laboratory: Laboratory) -> Table:
    """One row a model."""
    rows = [_row(model, laboratory.graph(model)) for model in laboratory.study.models]
    return Table.of("taxonomy", "The models, counted in their graphs", _UNITS, rows)


def _row(model: StudyModel, graph: OpGraph) -> list[Cell]:
    stage = graph.stage(model.main_stage)
    calls = [c for c in attention_calls(graph) if c.stage == stage.name]
    own = [c for c in calls if c.kind not in ("cross", "temporal")]
    counts = _counts(graph, stage)
    lengths = _unique(sequence_length(c) for c in own)
    cross = [c.key_length for c in calls if c.kind == "cross"]
    return [
        model.name,
        model.task,
        model.architecture,
        model.stand_in,
        graph.num_parameters,
        _parameters(graph, stage),
        stage.name,
        stage.repeats,
        len(own),
        _listed(_unique(c.heads * c.head_dim for c in own)),
        _listed(_unique(c.heads for c in own)),
        _listed(_unique(c.head_dim for c in own)),
        _listed(lengths) if stage.grown is None else f"1 to {_last_keys(graph, stage)}",
        _listed([isqrt(n) for n in lengths if isqrt(n) ** 2 == n]) if counts["convolution"] else "",
        max(cross, default=None),
        counts["convolution"],
        counts["linear"],
        counts["group_norm"],
        graph.workload.height,
        graph.workload.num_frames,
        graph.workload.dtype,
    ]


def stages_table(laboratory: Laboratory) -> Table:
    """One row a stage of each model."""
    rows = [
        _stage_row(model, laboratory.graph(model), stage)
        for model in laboratory.study.models
        for stage in laboratory.graph(model).stages
    ]
    return Table.of(
        "stages",
        "The stages of each model; operator calls are those of one run, FLOPs those of all runs",
        _STAGE_UNITS,
        rows,
    )


def _stage_row(model: StudyModel, graph: OpGraph, stage: Stage) -> list[Cell]:
    counts = _counts(graph, stage)
    lengths = _unique(sequence_length(c) for c in attention_calls(graph) if c.stage == stage.name)
    return [
        model.name,
        stage.name,
        stage.component,
        stage.repeats,
        _parameters(graph, stage),
        stage.num_calls,
        sum(n for name, n in counts.items() if name.startswith("attention")),
        counts["convolution"],
        counts["linear"],
        counts["group_norm"],
        stage_flops(graph, stage) * stage.repeats,
        _listed(lengths) if stage.grown is None else f"1 to {_last_keys(graph, stage)}",
    ]


def _counts(graph: OpGraph, stage: Stage) -> Counter[str]:
    counts: Counter[str] = Counter()
    for operator, module in zip(stage.operators.tolist(), stage.modules.tolist(), strict=True):
        op = graph.operators[operator]
        counts[category_of(op, graph.modules[module])] += 1
        counts["group_norm"] += "group_norm" in op.name
    return counts


def _parameters(graph: OpGraph, stage: Stage) -> int:
    return next(c.num_parameters for c in graph.components if c.name == stage.component)


def _last_keys(graph: OpGraph, stage: Stage) -> int:
    calls = attention_calls(graph, repeats=stage.repeats)
    return max(c.key_length for c in calls if c.stage == stage.name and c.kind != "cross")


def _unique(numbers: Iterator[int]) -> list[int]:
    return sorted(set(numbers), reverse=True)


def _listed(numbers: list[int]) -> str:
    return ", ".join(str(n) for n in numbers)
