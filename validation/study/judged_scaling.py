"""Judges of what the study states of growth: with image size, with frames, and of attention over time."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

from .claims import Finding, Judge, UntestableError, agreement, named_table
from .exponents import fitted_exponent
from .table import Table
from .temporal import ALL_STAGES

__all__ = ["JUDGES"]

Tables = Mapping[str, Table]


def memory_of_images(tables: Tables) -> Finding:
    """S9a."""
    table = named_table(tables, "similarity_memory")
    exponent = fitted_exponent(table.numbers("latent_side"), table.numbers("graph"))
    steps = ", ".join(f"{value:.2f}" for value in table.numbers("exponent_graph"))
    return Finding(
        ours=f"exponent {exponent:.2f} (from size to size: {steps})",
        verdict=agreement(abs(exponent - 4) <= 0.2),
        why="cross-attention, linear in the pixels, keeps it below 4, less so the larger the image",
    )


def memory_of_frames(tables: Tables) -> Finding:
    """S9b."""
    exponents = named_table(tables, "frames_crossover").numbers("exponent_flops_temporal")
    return Finding(
        ours=f"exponent {fmean(exponents):.2f}",
        verdict=agreement(all(abs(value - 2) <= 0.1 for value in exponents)),
        why="each pixel has a matrix of frames by frames",
    )


def bottleneck_of_frames(tables: Tables) -> Finding:
    """S10."""
    table = named_table(tables, "frames_crossover")
    temporal, spatial = (table.numbers(f"exponent_flops_{kind}") for kind in ("temporal", "spatial"))
    times = table.numbers("exponent_time_temporal")
    return Finding(
        ours=f"FLOPs: exponent {fmean(temporal):.2f}, spatial {fmean(spatial):.2f}; time: {fmean(times):.2f}",
        verdict=agreement(all(abs(value - 2) <= 0.1 for value in temporal) and max(spatial) < min(temporal)),
        why=(
            "In FLOPs and memory the growth is quadratic, not exponential. In time it is slower over this range of "
            "frames, because short sequences do not fill the tiles of a fused kernel: more frames cost little at first."
        ),
    )


def _growth(tables: Tables, attention: str, attribution: str, part: str) -> float:
    table = named_table(tables, "image_size_growth")
    return table.number("exponent_time", attention=attention, attribution=attribution, part=part)


def convolution_grows_more(tables: Tables) -> Finding:
    """S12."""
    convolution = _growth(tables, "flash", "operator", "convolution")
    module, operator = (_growth(tables, "flash", kind, "attention") for kind in ("module", "operator"))
    return Finding(
        ours=f"exponents: convolution {convolution:.2f}, attention modules {module:.2f}, operators {operator:.2f}",
        verdict=agreement(convolution > module),
        why=(
            "FLOPs say the same as our times: attention grows with the square of the pixels, convolution with the "
            "pixels, from 256 pixels on. The statement can only hold in time and where small attention calls last as "
            "long as their launch, or of absolute growth in seconds; the sizes that the study swept are not public."
        ),
    )


def attention_grows_more(tables: Tables) -> Finding:
    """M23."""
    convolution = _growth(tables, "naive", "operator", "convolution")
    attention = _growth(tables, "naive", "module", "attention")
    return Finding(
        ours=f"exponents: attention modules {attention:.2f}, convolution {convolution:.2f}",
        verdict=agreement(attention > convolution),
        why="scores that go through memory grow with the square of the pixels",
    )


def _total(tables: Tables, column: str, *, attention: str, attribution: str, stage: str = ALL_STAGES) -> float:
    table = named_table(tables, "temporal_totals")
    return table.number(column, attention=attention, attribution=attribution, stage=stage)


def temporal_share(tables: Tables) -> Finding:
    """S5."""
    share = _total(tables, "temporal_share", attention="naive", attribution="module")
    return Finding(
        ours=f"{share:.0%} (naive, by module); {_others(tables, 'temporal_share', '{:.0%}')}",
        verdict=agreement(share > 0.6),
        why=_WHY_TEMPORAL,
    )


def temporal_time(tables: Tables) -> Finding:
    """S8a."""
    ratio = _total(tables, "temporal_over_spatial_time", attention="naive", attribution="module")
    return Finding(
        ours=f"{ratio:.2f}x (naive, by module); {_others(tables, 'temporal_over_spatial_time', '{:.2f}x')}",
        verdict=agreement(1.5 <= ratio <= 2.5),
        why=_WHY_TEMPORAL,
    )


_WHY_TEMPORAL = (
    "Make-A-Video's attention sites, widths and implementation are not public. Here spatial attention at 32 x 32 "
    "writes and reads scores of 1024 x 1024 for every frame, far more than the copies and tiny products of temporal "
    "attention cost. A fused kernel pads 16 frames to a tile of 128, which favours the statement in the decoder, but "
    "not in the interpolation of 76 frames, which takes most of the time. The study's code may have spent more on "
    "copies, or attended at lower resolutions. Cache misses within a kernel, which the study names as the cause, are "
    "modelled by working sets and access patterns alone."
)


def _others(tables: Tables, column: str, form: str) -> str:
    """The same quantity under the other conditions, and in the decoder alone."""
    conditions = (("naive", "operator"), ("flash", "module"), ("flash", "operator"))
    shown = [f"{form.format(_total(tables, column, attention=a, attribution=b))} ({a}, by {b})" for a, b in conditions]
    decoder = _total(tables, column, attention="flash", attribution="operator", stage="decoder")
    return ", ".join((*shown, f"{form.format(decoder)} (decoder alone, flash, by operator)"))


def _flops_ratio(tables: Tables, stage: str = ALL_STAGES) -> float:
    return _total(tables, "spatial_over_temporal_flops", attention="naive", attribution="operator", stage=stage)


def temporal_flops(tables: Tables) -> Finding:
    """S8b."""
    ratio = _flops_ratio(tables)
    return Finding(
        ours=f"{ratio:.1f}x fewer",
        verdict=agreement(ratio > 1),
        why="products of attention alone; with projections counted the two are nearly equal",
    )


def nine_times(tables: Tables) -> Finding:
    """M24."""
    ratio = _flops_ratio(tables)
    stages = {stage: _flops_ratio(tables, stage) for stage in ("decoder", "interpolation")}
    return Finding(
        ours=f"{ratio:.1f}x; {', '.join(f'{name} {value:.1f}x' for name, value in stages.items())}",
        verdict=agreement(abs(ratio / 9 - 1) <= 0.3),
        why="the ratio at one site is pixels over frames, so the mix of sites and networks sets the total",
    )


def hit_rate(tables: Tables) -> Finding:
    """M25."""
    return Finding(ours="", verdict="untestable", why="the cost model has no L1; reuse within a kernel is in its tiles")


def kept_in_cache(tables: Tables) -> Finding:
    """M26."""
    table = named_table(tables, "temporal_cache")
    kept = {kind: _weighted(table, kind) for kind in ("spatial", "temporal")}
    return Finding(
        ours=f"share kept by the L2: spatial {kept['spatial']:.0%}, temporal {kept['temporal']:.0%}",
        verdict=agreement(kept["temporal"] < kept["spatial"]),
        why=(
            "The model keeps what fits the L2 between kernels; hits within a kernel, which a profiler counts too, are "
            "not in this share, so that it is no hit rate."
        ),
    )


def _weighted(table: Table, kind: str) -> float:
    rows = [
        row
        for row in table.where(kind=kind, attention="naive", stage="decoder")
        if row["kernels"] in ("products", "softmax")
    ]
    if not rows:
        raise UntestableError("the decoder has no products")
    traffic = sum(float(row["traffic"] or 0) for row in rows)
    return sum(float(row["traffic"] or 0) * float(row["kept_in_l2"] or 0) for row in rows) / traffic


def shapes_of_growth(tables: Tables) -> Finding:
    """M27."""
    table = named_table(tables, "frames_crossover")
    temporal, spatial = (table.numbers(f"exponent_flops_{kind}") for kind in ("temporal", "spatial"))
    rows = [row for row in table.rows if row["crossover_flops"] is not None]
    crossing = sorted((float(row["expected"] or 0), float(row["crossover_flops"] or 0)) for row in rows)
    rising = bool(crossing) and [place for _, place in crossing] == sorted(place for _, place in crossing)
    quadratic = all(abs(value - 2) <= 0.1 for value in temporal)
    linear = all(abs(value - 1) <= 0.1 for value in spatial)
    shown = ", ".join(f"{place:.0f}" for place in dict.fromkeys(round(place) for _, place in crossing))
    return Finding(
        ours=f"exponents {fmean(temporal):.2f} and {fmean(spatial):.2f}; crossover at {shown} frames",
        verdict=agreement(quadratic and linear and rising),
        why="the crossover is where frames equal pixels",
    )


JUDGES: dict[str, Judge] = {
    "S5": temporal_share,
    "S8a": temporal_time,
    "S8b": temporal_flops,
    "S9a": memory_of_images,
    "S9b": memory_of_frames,
    "S10": bottleneck_of_frames,
    "S12": convolution_grows_more,
    "M23": attention_grows_more,
    "M24": nine_times,
    "M25": hit_rate,
    "M26": kept_in_cache,
    "M27": shapes_of_growth,
}
