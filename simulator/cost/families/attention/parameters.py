"""Parameters of fused attention kernels, by how their warps share the work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.cost.parameters import Parameters, floor_parameter, parameter

__all__ = ["AttentionParameters", "SpecialisedAttentionParameters", "StagedAttentionParameters"]

FloatArray = NDArray[np.float64]

_EXPONENTIAL = "time of exponentials, maxima, sums and rescaling over that of the special units alone"
_OVERLAP = "exponent that joins products, exponentials and shared memory"


@dataclass(frozen=True, eq=False, kw_only=True)
class AttentionParameters(Parameters):
    """Parameters of a fused attention kernel whose warps do everything themselves, in turns.

    What an A100 shows of exponentials and of turns holds on an H100 and an H20 too, and no fit changes it: an L40S,
    whose board holds the clock while it multiplies, would say twice the time of exponentials, with which an A100 is
    14 % off where it was 10, an H100 31 where it was 13.
    """

    # Special units do 16 a clock beside 64 vector lanes, which take some five instructions for each.
    exponential: FloatArray = parameter(2.25, "1", 0.0, 6.0, _EXPONENTIAL, observed=True)
    overlap: FloatArray = parameter(2.0, "1", 1.0, 10.0, _OVERLAP, observed=True)
    # Stages in flight hide it where a kernel has some.
    latency: FloatArray = parameter(
        0.0, "clk", 0.0, 30000.0, "time of a step that no work of the same block hides", observed=True
    )
    tail: FloatArray = parameter(
        0.5, "1", 0.0, 2.0, "share of the longest causal block that remains when the others end"
    )
    fill: FloatArray = parameter(3e-6, "s", 0.0, 2e-5, "prologue and epilogue that each wave of blocks exposes")
    masking: FloatArray = parameter(
        0.5, "1", 0.0, 3.0, "extra time of the masked step of a block over the exponentials of a step"
    )
    combine: FloatArray = parameter(3e-6, "s", 2e-7, 2e-5, "extra latency of splitting the keys over blocks")
    dram: FloatArray = parameter(0.85, "1", 0.3, 1.0, "share of the DRAM bandwidth reached")
    # Keys and values arrive under the products of other steps, but a block waits for its queries, and its output is
    # written when nothing is left to multiply.
    memory_overlap: FloatArray = parameter(2.0, "1", 1.2, 12.0, "exponent that joins the cores' work with DRAM traffic")
    floor: FloatArray = floor_parameter(4e-6, cache=1.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class SpecialisedAttentionParameters(AttentionParameters):
    """Parameters of a fused attention kernel some of whose warps only exponentiate.

    They keep the special units busy, but products of the same tile wait for them.
    """

    exponential: FloatArray = parameter(1.0, "1", 0.0, 6.0, _EXPONENTIAL)
    overlap: FloatArray = parameter(1.2, "1", 1.0, 10.0, _OVERLAP)


@dataclass(frozen=True, eq=False, kw_only=True)
class StagedAttentionParameters(AttentionParameters):
    """Parameters of a fused attention kernel whose scores pass through shared memory.

    Barriers part its products from the exponentials between them, so that little of a block overlaps. Instructions on
    vector units come with each score: few where a row of them lies with a quarter of a warp, as ``mma.m16n8`` leaves
    it, and many where more threads hold it (``mma.m8n8k4``, and products on vector units).
    """

    exponential: FloatArray = parameter(
        1.0, "1", 0.0, 6.0, "time of exponentials alone over that of the special units", observed=True
    )
    overlap: FloatArray = parameter(1.1, "1", 1.0, 10.0, _OVERLAP, observed=True)
    softmax: FloatArray = parameter(
        5.0, "1", 0.0, 100.0, "instructions on vector units for each score, beside its exponential", observed=True
    )
    spread_softmax: FloatArray = parameter(
        30.0, "1", 0.0, 100.0, "the same where the scores of a row are spread over many threads", observed=True
    )
