"""How memory, FLOPs and time grow with the size of an image and with the number of frames."""

from __future__ import annotations

from statistics import fmean

from simulator.whatif.exponents import fitted_exponent
from validation.study.findings import Finding, Tables, UntestableError, named_table
from validation.study.table import Cell

__all__ = [
    "frames_of_temporal_attention",
    "image_size_of_convolution",
    "image_size_of_scores",
    "seconds_of_convolution",
]


def image_size_of_scores(tables: Tables) -> Finding:
    """Exponent of the similarity matrices in the side of the latent image: ``exponent``."""
    table = named_table(tables, "similarity_memory")
    exponent = fitted_exponent(table.numbers("latent_side"), table.numbers("graph"))
    steps = ", ".join(f"{value:.2f}" for value in table.numbers("exponent_graph"))
    return Finding(ours=f"exponent {exponent:.2f} (from size to size: {steps})", values={"exponent": exponent})


def frames_of_temporal_attention(tables: Tables) -> Finding:
    """Exponents of attention in the frames over all sites.

    ``lowest_exponent`` and ``highest_exponent`` of the FLOPs of temporal attention, whose products are proportional to
    the scores, and ``excess`` of the lowest over the highest of spatial attention.
    """
    table = named_table(tables, "frames_crossover")
    temporal, spatial = (table.numbers(f"exponent_flops_{kind}") for kind in ("temporal", "spatial"))
    times = table.numbers("exponent_time_temporal")
    return Finding(
        ours=f"FLOPs: exponent {fmean(temporal):.2f}, spatial {fmean(spatial):.2f}; time: {fmean(times):.2f}",
        values={
            "lowest_exponent": min(temporal),
            "highest_exponent": max(temporal),
            "excess": min(temporal) - max(spatial),
        },
    )


def image_size_of_convolution(tables: Tables, *, attention: str) -> Finding:
    """Exponent of the time of convolution in the side of the image, less that of attention modules: ``excess``."""
    table = named_table(tables, "image_size_growth")

    def exponent(attribution: str, part: str) -> float:
        return table.number("exponent_time", attention=attention, attribution=attribution, part=part)

    convolution = exponent("operator", "convolution")
    module, operator = (exponent(kind, "attention") for kind in ("module", "operator"))
    return Finding(
        ours=f"exponents: convolution {convolution:.2f}, attention modules {module:.2f}, operators {operator:.2f}",
        values={"excess": convolution - module},
    )


def seconds_of_convolution(tables: Tables, *, attention: str, up_to: str) -> Finding:
    """Seconds that convolution gains from the smallest image to a size, over those of attention modules: ``ratio``."""
    table = named_table(tables, "image_size")
    sizes = table.distinct("image_size")
    first, last = min(sizes, key=_number), _number(up_to)
    if last not in [_number(size) for size in sizes]:
        raise UntestableError(f"no images of {up_to} pixels")

    def gained(attribution: str, part: str) -> float:
        of = {"attention": attention, "attribution": attribution, "part": part}
        small, large = (table.number("time", image_size=size, **of) for size in (first, int(last)))
        return large - small

    convolution, attending = gained("operator", "convolution"), gained("module", "attention")
    return Finding(
        ours=f"from {first} to {up_to} pixels convolution {convolution:+.2g} s, attention modules {attending:+.2g} s",
        values={"ratio": convolution / attending},
    )


def _number(value: Cell) -> float:
    return float(value or 0)
