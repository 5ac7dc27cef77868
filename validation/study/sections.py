"""All sections of the study, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from . import (
    breakdown,
    frames,
    image_size,
    lengths,
    prefill_decode,
    roofline,
    similarity_memory,
    speedup,
    taxonomy,
    temporal,
)
from .laboratory import Laboratory
from .section import Section

__all__ = ["SECTIONS", "make_sections"]

SECTIONS: tuple[tuple[str, Callable[[Laboratory], Section]], ...] = (
    ("taxonomy", taxonomy.section),
    ("roofline", roofline.section),
    ("operator_breakdown", breakdown.section),
    ("flash_speedup", speedup.section),
    ("sequence_lengths", lengths.lengths_section),
    ("length_distribution", lengths.distribution_section),
    ("similarity_memory", similarity_memory.section),
    ("image_size", image_size.section),
    ("temporal_attention", temporal.section),
    ("frames", frames.section),
    ("prefill_decode", prefill_decode.section),
)


def make_sections(laboratory: Laboratory) -> Iterator[Section]:
    """Sections one by one, as they are computed."""
    for name, make in SECTIONS:
        laboratory.say(f"section {name}")
        yield make(laboratory)
