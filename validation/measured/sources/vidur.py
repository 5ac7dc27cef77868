"""Vidur: operators of language models, in whole microseconds.

Its normalization of root mean squares and its gated unit are vLLM's; of the models of 2560 channels it has the time of
two additions for one. Its embeddings are bound by indices: a fit to them alone reads a share of the DRAM bandwidth off
rows that say nothing of it.
"""

from __future__ import annotations

from .source import Source

__all__ = ["SOURCE"]

SOURCE = Source(
    name="vidur",
    citation="github.com/microsoft/vidur: operators of language models (MIT)",
    not_fitted=("aten::add", "aten::embedding", "aten::rms_norm", "silu_and_mul"),
)
