"""FLOPs and time of spatial and temporal attention as frames grow, and where they cross."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import exp, isqrt, log
from typing import TYPE_CHECKING

from simulator.views.style import BLUE, GREEN, ORANGE, figure_style, panels
from simulator.whatif.exponents import fitted_exponent
from tracer.lengths import attention_calls
from validation.study.attribution import ATTRIBUTIONS, KINDS, LaunchTimes, launch_times
from validation.study.laboratory import Laboratory
from validation.study.pseudo_3d_layers import LayerSite
from validation.study.section import Section
from validation.study.study import ATTENTION, Attention
from validation.study.table import Cell, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["crossing", "crossover_table", "draw", "frames_table", "section"]

_UNITS = {
    "resolution": "pixel",
    "site": "",
    "pixels": "",
    "channels": "",
    "frames": "",
    "kind": "",
    "flops_operator": "FLOP",
    "flops_module": "FLOP",
    "time_naive_operator": "s",
    "time_flash_operator": "s",
    "time_naive_module": "s",
    "time_flash_module": "s",
}
_CROSSOVER_UNITS = {
    "resolution": "pixel",
    "site": "",
    "expected": "frames",
    "crossover_flops": "frames",
    "crossover_time_naive": "frames",
    "crossover_time_flash": "frames",
    "exponent_flops_spatial": "",
    "exponent_flops_temporal": "",
    "exponent_time_temporal": "",
}
_SHOWS = (
    "One pseudo-3D attention layer of {model} at each size of feature map, traced alone with growing numbers of "
    "frames, for the decoder's own resolution and for half of it. FLOPs are those of the two products of attention "
    "(scores and values): spatial attention takes 4 F (HW)^2 C and grows with the frames F, temporal attention takes "
    "4 HW F^2 C and grows with their square, so that they cross at F = HW. The layers see no context tokens here; the"
    " four of the pipeline would move the crossover to HW + 4. The crossover of times is that of the attention "
    "operators alone, empty where they do not cross within the sweep."
)


def section(laboratory: Laboratory) -> Section:
    """Growth with frames."""
    table = frames_table(laboratory)
    return Section(
        name="frames",
        title="Attention as frames grow",
        shows=_SHOWS.format(model=laboratory.video_model.name),
        tables=(table, crossover_table(table)),
        draw=lambda: draw(table),
        alt="FLOPs and time of spatial and temporal attention against frames, one line for each size of feature map.",
    )


def _sites(laboratory: Laboratory) -> list[LayerSite]:
    """Sizes of feature map at which the decoder attends, largest first."""
    video = laboratory.video_model
    calls = [c for c in attention_calls(laboratory.graph(video)) if c.stage == video.main_stage]
    found = {LayerSite(isqrt(c.query_length), c.heads * c.head_dim) for c in calls if c.kind == "spatial"}
    return sorted(found, reverse=True)


def frames_table(laboratory: Laboratory) -> Table:
    """One row for each resolution, site, frame count and kind."""
    video, sites = laboratory.graph(laboratory.video_model), _sites(laboratory)
    side = 2 * sites[0].side
    rows: list[Sequence[Cell]] = []
    for scale in laboratory.study.sweeps.frame_scales:
        scaled = [LayerSite(site.side // scale, site.channels) for site in sites]
        for frames in laboratory.study.sweeps.frames:
            graph = laboratory.layers(
                scaled, num_frames=frames, videos=2 if video.workload.guided else 1, dtype=video.workload.dtype
            )
            times = {a: launch_times(laboratory.simulation(graph, a)) for a in ATTENTION}
            rows.extend(_rows(side // scale, scaled, frames, times))
    return Table.of("frames", "One spatial and one temporal attention layer by frames", _UNITS, rows)


def _rows(
    resolution: int, sites: Sequence[LayerSite], frames: int, times: Mapping[Attention, LaunchTimes]
) -> Iterator[Sequence[Cell]]:
    for site in sites:
        inside = times["flash"].stage == f"attention_{site.side}"
        for kind in KINDS:
            part = f"attention_{kind}"
            yield (
                resolution,
                site.name,
                site.side**2,
                site.channels,
                frames,
                kind,
                *(
                    float(times["flash"].flops[inside & (times["flash"].parts(name) == part)].sum())
                    for name in ATTRIBUTIONS
                ),
                *(_time(times[a], site, name, part) for name in ATTRIBUTIONS for a in ATTENTION),
            )


def _time(times: LaunchTimes, site: LayerSite, attribution: str, part: str) -> float:
    chosen = (times.stage == f"attention_{site.side}") & (times.parts(attribution) == part)
    return float(times.time[chosen].sum())


def crossover_table(table: Table) -> Table:
    """Where temporal attention overtakes spatial attention at each site, and exponents in the frames."""
    rows = []
    for resolution in table.distinct("resolution"):
        for site in table.distinct("site", resolution=resolution):
            chosen = {"resolution": resolution, "site": site}
            rows.append((resolution, site, table.numbers("pixels", **chosen)[0], *_crossings(table, chosen)))
    return Table.of("frames_crossover", "Frames at which temporal attention overtakes spatial", _CROSSOVER_UNITS, rows)


def _crossings(table: Table, chosen: dict[str, Cell]) -> Iterator[Cell]:
    spatial, temporal = ({**chosen, "kind": kind} for kind in KINDS)
    frames = table.numbers("frames", **spatial)
    for column in ("flops_operator", "time_naive_operator", "time_flash_operator"):
        yield crossing(frames, table.numbers(column, **spatial), table.numbers(column, **temporal))
    yield fitted_exponent(frames, table.numbers("flops_operator", **spatial))
    yield fitted_exponent(frames, table.numbers("flops_operator", **temporal))
    yield fitted_exponent(frames, table.numbers("time_flash_operator", **temporal))


def crossing(places: Sequence[float], first: Sequence[float], second: Sequence[float]) -> float | None:
    """Place at which `second` overtakes `first` for good, by straight lines through logarithms; None if never."""
    gaps = [log(b / a) for a, b in zip(first, second, strict=True)]
    for i in range(len(gaps) - 1, 0, -1):
        if gaps[i - 1] < 0 <= gaps[i]:
            part = -gaps[i - 1] / (gaps[i] - gaps[i - 1])
            return exp(log(places[i - 1]) + part * (log(places[i]) - log(places[i - 1])))
    return None


def draw(table: Table) -> Figure:
    """FLOPs, then time with naive and with flash attention, at the decoder's resolution."""
    with figure_style():
        figure, axes = panels(1, 3, size=(13, 4.8))
        _draw_panel(axes[0], table, "flops_operator", 1e9)
        axes[0].set_ylabel("FLOPs of attention products [GFLOP]")
        axes[0].set_title("FLOPs; dotted: F = HW")
        for panel, attention in zip(axes[1:], ATTENTION, strict=True):
            _draw_panel(panel, table, f"time_{attention}_operator", 1e-3)
            panel.set_ylabel("time of the attention operator [ms]")
            panel.set_title(f"time, {attention} attention")
        low, high = (f(panel.get_ylim()[i] for panel in axes[1:]) for i, f in ((0, min), (1, max)))
        for panel in axes[1:]:
            panel.set_ylim(low, high)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _draw_panel(axes: Axes, table: Table, column: str, scale: float) -> None:
    resolution = table.rows[0]["resolution"]
    for site, colour in zip(table.distinct("site", resolution=resolution), (BLUE, ORANGE, GREEN), strict=False):
        for kind, style in zip(KINDS, ("o-", "^--"), strict=True):
            chosen = {"resolution": resolution, "site": site, "kind": kind}
            values = [value / scale for value in table.numbers(column, **chosen)]
            axes.plot(
                table.numbers("frames", **chosen), values, style, color=colour, markersize=4, label=f"{kind}, {site}"
            )
        if column == "flops_operator":
            axes.axvline(
                table.numbers("pixels", resolution=resolution, site=site)[0], color=colour, linestyle=":", linewidth=1.2
            )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel("frames")
