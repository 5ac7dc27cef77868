"""Spatial against temporal attention in the video model: time, FLOPs and cache traffic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.cost.mechanisms import cache_hit_rate
from simulator.kernels import (
    AttentionTable,
    FamilyTable,
    KernelTables,
    ProductTable,
    RowKind,
    RowWiseTable,
    ScatterTable,
    StreamTable,
)
from simulator.simulation import Simulation
from simulator.views.style import BLUE, VERMILION, figure_style, panels
from tracer.lengths import AttentionCall, attention_calls
from validation.study.attribution import ATTRIBUTIONS, KINDS, LaunchTimes, launch_times
from validation.study.laboratory import Laboratory
from validation.study.section import Section
from validation.study.study import ATTENTION, Attention
from validation.study.table import Cell, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ALL_STAGES", "cache_table", "draw", "section", "sites_table", "totals_table"]

_SITE_UNITS = {
    "stage": "",
    "site": "",
    "kind": "",
    "frames": "",
    "channels": "",
    "sequences": "",
    "sequence_length": "tokens",
    "calls": "",
    "flops_operator": "FLOP",
    "flops_module": "FLOP",
    "time_naive_operator": "s",
    "time_flash_operator": "s",
    "time_naive_module": "s",
    "time_flash_module": "s",
}
_TOTAL_UNITS = {
    "stage": "",
    "attention": "",
    "attribution": "",
    "spatial_time": "s",
    "temporal_time": "s",
    "temporal_over_spatial_time": "",
    "temporal_share": "",
    "spatial_flops": "FLOP",
    "temporal_flops": "FLOP",
    "spatial_over_temporal_flops": "",
}
_CACHE_UNITS = {
    "stage": "",
    "site": "",
    "kind": "",
    "attention": "",
    "kernels": "",
    "flops": "FLOP",
    "traffic": "B",
    "working_set": "B",
    "kept_in_l2": "",
    "dram_traffic": "B",
    "intensity": "FLOP/B",
    "time": "s",
}
ALL_STAGES = "all stages"
_SHOWS = (
    "{model} attends over the pixels of each frame (spatial), then over the frames at each pixel (temporal), at "
    "three sizes of feature map, in two networks: the decoder (16 frames) and the interpolation (76 frames). The "
    "sites table has time and FLOPs of one call, by operator (products, softmax and copies of the scores alone) and "
    "by module (projections, norm and the copies that bring frames or pixels together). The totals add up all calls "
    "of the inference. The cache table splits a call into its kinds of kernel: the bytes that they move, the largest "
    "working set of one kernel, the share of the traffic that the model lets the L2 keep, and what is left for"
    " DRAM."
)


@dataclass(frozen=True, slots=True, eq=False)
class _Site:
    """Calls of one kind at one size of feature map in one stage: which launches they are."""

    stage: str
    site: str
    kind: str
    call: AttentionCall
    frames: int
    calls: int
    modules: frozenset[str]


def section(laboratory: Laboratory) -> Section:
    """Spatial against temporal attention."""
    sites, totals = sites_table(laboratory), totals_table(laboratory)
    return Section(
        name="temporal_attention",
        title="Spatial against temporal attention",
        shows=_SHOWS.format(model=laboratory.video_model.name),
        tables=(sites, totals, cache_table(laboratory)),
        draw=lambda: draw(sites),
        alt="Time and FLOPs of one spatial and one temporal attention call at each size of feature map.",
    )


def _stages(laboratory: Laboratory) -> list[str]:
    """Stages that attend over time."""
    calls = attention_calls(laboratory.graph(laboratory.video_model))
    return list(dict.fromkeys(c.stage for c in calls if c.kind == "temporal"))


def _sites(laboratory: Laboratory, stage: str) -> Iterator[_Site]:
    """Pairs of spatial and temporal calls, grouped by the side of the feature map, largest first."""
    calls = [
        c for c in attention_calls(laboratory.graph(laboratory.video_model)) if c.stage == stage and c.kind in KINDS
    ]
    spatial = [c for c in calls if c.kind == "spatial"]
    temporal = [c for c in calls if c.kind == "temporal"]
    groups: dict[int, list[tuple[AttentionCall, AttentionCall]]] = {}
    for pair in zip(spatial, temporal, strict=True):
        groups.setdefault(pair[0].query_length, []).append(pair)
    for pixels, pairs in sorted(groups.items(), reverse=True):
        side = isqrt(pixels)
        for index, kind in enumerate(KINDS):
            yield _Site(
                stage=stage,
                site=f"{side} x {side}",
                kind=kind,
                call=pairs[0][index],
                frames=pairs[0][1].query_length,
                calls=len(pairs),
                modules=frozenset(_module(pair[index]) for pair in pairs),
            )


def _module(call: AttentionCall) -> str:
    """Path of the spatial or temporal module that makes a call."""
    head, found, _ = call.module.partition(f".{call.kind}")
    return head + found


def _within(times: LaunchTimes, site: _Site) -> NDArray[np.bool_]:
    heads = np.array([_head(path, site.kind) for path in times.module])
    inside: NDArray[np.bool_] = np.isin(heads, sorted(site.modules)) & (times.stage == site.stage)
    return inside


def _head(path: str, kind: str) -> str:
    head, found, _ = path.partition(f".{kind}")
    return head + found


def sites_table(laboratory: Laboratory) -> Table:
    """One row for each stage, size of feature map, and kind."""
    graph = laboratory.graph(laboratory.video_model)
    runs = {stage.name: stage.repeats for stage in graph.stages}
    times = {a: launch_times(laboratory.simulation(graph, a)) for a in ATTENTION}
    rows = [_site_row(site, times, runs[stage]) for stage in _stages(laboratory) for site in _sites(laboratory, stage)]
    return Table.of("temporal_sites", "One call of spatial and of temporal attention", _SITE_UNITS, rows)


def _site_row(site: _Site, times: Mapping[Attention, LaunchTimes], runs: int) -> list[Cell]:
    flash = times["flash"]
    number = site.calls * runs
    inside = _within(flash, site)
    own = inside & (flash.operator == f"attention_{site.kind}")
    return [
        site.stage,
        site.site,
        site.kind,
        site.frames,
        site.call.heads * site.call.head_dim,
        site.call.sequences,
        site.call.query_length,
        site.calls,
        float(flash.flops[own].sum()) / number,
        float(flash.flops[inside].sum()) / number,
        *(_time(times[a], site, attribution) / number for attribution in ATTRIBUTIONS for a in ATTENTION),
    ]


def _time(times: LaunchTimes, site: _Site, attribution: str) -> float:
    inside = _within(times, site)
    return float(times.time[inside & (times.parts(attribution) == f"attention_{site.kind}")].sum())


def totals_table(laboratory: Laboratory) -> Table:
    """Spatial and temporal attention of each stage and of the whole inference."""
    graph = laboratory.graph(laboratory.video_model)
    rows = []
    for attention in ATTENTION:
        times = launch_times(laboratory.simulation(graph, attention))
        for attribution in ATTRIBUTIONS:
            stages = (*_stages(laboratory), ALL_STAGES)
            rows += [(stage, attention, attribution, *_totals(times, attribution, stage)) for stage in stages]
    return Table.of("temporal_totals", "Spatial and temporal attention of one inference", _TOTAL_UNITS, rows)


def _totals(times: LaunchTimes, attribution: str, stage: str) -> Sequence[Cell]:
    inside = np.ones(len(times.time), dtype=np.bool_) if stage == ALL_STAGES else times.stage == stage
    parts = times.parts(attribution)
    spatial, temporal = (inside & (parts == f"attention_{kind}") for kind in KINDS)
    attention = inside & np.char.startswith(parts, "attention_")
    times_of = [float(times.time[rows].sum()) for rows in (spatial, temporal, attention)]
    flops = [float(times.flops[rows].sum()) for rows in (spatial, temporal)]
    return (*times_of[:2], times_of[1] / times_of[0], times_of[1] / times_of[2], *flops, flops[0] / flops[1])


_MOVING = "copies and elementwise"
_KERNEL_KINDS = ("products", "softmax", "fused attention", _MOVING)


def _kinds(kernels: KernelTables) -> NDArray[np.str_]:
    """Which of the kinds each kernel is; empty for those that no attention module has."""
    kinds = np.full(len(kernels), "", dtype="<U32")
    for table, rows in kernels:
        kinds[rows] = _kinds_of(table)
    return kinds


def _kinds_of(table: FamilyTable) -> NDArray[np.str_] | str:
    if isinstance(table, ProductTable):
        return "products"
    if isinstance(table, AttentionTable):
        return "fused attention"
    if isinstance(table, RowWiseTable):
        return np.where(table.kind == RowKind.SOFTMAX, "softmax", _MOVING)
    return _MOVING if isinstance(table, StreamTable | ScatterTable) else ""


def cache_table(laboratory: Laboratory) -> Table:
    """Traffic of one module call by kind of kernel."""
    graph = laboratory.graph(laboratory.video_model)
    rows: list[Sequence[Cell]] = []
    for attention in ATTENTION:
        simulation = laboratory.simulation(graph, attention)
        kept = _kept(simulation)
        for stage in _stages(laboratory):
            for site in _sites(laboratory, stage):
                rows.extend(_cache_rows(simulation, kept, site, attention))
    return Table.of("temporal_cache", "Memory traffic of one attention module call", _CACHE_UNITS, rows)


def _kept(simulation: Simulation) -> NDArray[np.float64]:
    """Share of each distinct kernel's traffic that the L2 keeps."""
    capacity = simulation.hardware.cache_capacity
    return simulation.launches.kernels.numbers(lambda table: cache_hit_rate(table, capacity)[:, 0])


def _cache_rows(
    simulation: Simulation, kept: NDArray[np.float64], site: _Site, attention: str
) -> Iterator[Sequence[Cell]]:
    table = simulation.launches.kernels
    timeline = next(s for s in simulation.timeline.stages if s.launches.stage.name == site.stage)
    launches = timeline.launches
    paths = [simulation.launches.graph.modules[launches.stage.modules[call]] for call in launches.calls]
    inside = np.isin(np.array([_head(path, site.kind) for path in paths]), sorted(site.modules))
    rows = launches.rows[0][inside]
    seconds = timeline.execution[inside] / launches.stage.repeats
    kinds = _kinds(table)[rows]
    for name in _KERNEL_KINDS:
        chosen = kinds == name
        if not chosen.any():
            continue
        kernels, traffic = rows[chosen], float(table.bytes[rows[chosen]].sum())
        stays = float((table.bytes[kernels] * kept[kernels]).sum())
        flops = float(table.matrix_flops[kernels].sum())
        yield (
            site.stage,
            site.site,
            site.kind,
            attention,
            name,
            flops / site.calls,
            traffic / site.calls,
            float(table.bytes[kernels].max()),
            stays / traffic,
            (traffic - stays) / site.calls,
            flops / traffic,
            float(seconds[chosen].sum()) / site.calls,
        )


def draw(sites: Table) -> Figure:
    """FLOPs and times of one call at each site, one row of panels a network."""
    with figure_style():
        stages = [str(stage) for stage in sites.distinct("stage")]
        figure, axes = panels(len(stages), 3, size=(12.5, 3.6 * len(stages)))
        for row, stage in enumerate(stages):
            frames = next(iter(sites.where(stage=stage)))["frames"]
            flops, *times = axes[3 * row : 3 * row + 3]
            _draw_flops(flops, sites, stage)
            flops.set_title(f"{stage}, {frames} frames: products of one call")
            for panel, attention in zip(times, ATTENTION, strict=True):
                _draw_times(panel, sites, stage, attention)
                panel.set_title(f"{stage}, {frames} frames: one call, {attention}")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


_COLOURS = dict(zip(KINDS, (BLUE, VERMILION), strict=True))


def _draw_flops(axes: Axes, sites: Table, stage: str) -> None:
    for kind, marker, offset, side in zip(KINDS, "os", (-9, 9), ("right", "left"), strict=True):
        values = [value / 1e9 for value in sites.numbers("flops_operator", stage=stage, kind=kind)]
        axes.plot(range(len(values)), values, marker, color=_COLOURS[kind], label=f"{kind} attention", markersize=8)
        for place, value in enumerate(values):
            axes.annotate(
                f"{value:.3g}", (place, value), xytext=(offset, 0), textcoords="offset points", va="center", ha=side
            )
    axes.set_yscale("log")
    axes.margins(x=0.3, y=0.2)
    _name_sites(axes, sites, stage)
    axes.set_ylabel("FLOPs [GFLOP]")


def _draw_times(axes: Axes, sites: Table, stage: str, attention: str) -> None:
    for offset, kind in zip((-0.2, 0.2), KINDS, strict=True):
        values = [1e3 * value for value in sites.numbers(f"time_{attention}_module", stage=stage, kind=kind)]
        places = [i + offset for i in range(len(values))]
        axes.bar(places, values, width=0.38, color=_COLOURS[kind], edgecolor="black", linewidth=0.4)
        for place, value in zip(places, values, strict=True):
            axes.text(place, value, f"{value:.3g}", ha="center", va="bottom", fontsize=9)
    axes.margins(y=0.12)
    axes.grid(visible=False, axis="x")
    _name_sites(axes, sites, stage)
    axes.set_ylabel("time of the module [ms]")


def _name_sites(axes: Axes, sites: Table, stage: str) -> None:
    names = [str(name) for name in sites.distinct("site", stage=stage)]
    axes.set_xticks(range(len(names)), names)
    axes.set_xlabel("feature map")
