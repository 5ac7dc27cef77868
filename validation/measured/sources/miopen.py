"""MIOpen's find-DB: one launch of the fastest solver of a convolution, with the transpositions that it has itself."""

from __future__ import annotations

from dataclasses import replace

from hw_specs import Accelerator
from simulator.execution import Execution
from validation.measured.row import Row

from .source import Source

__all__ = ["SOURCE"]

# Solvers that read channels-last; those whose tensors are not transpose them (``batched_transpose_32x32_half``).
_CHANNELS_LAST = "NHWC"

# Solver that unfolds the image to a matrix, all that this library of 2023 has for 16-bit images of three dimensions.
_UNFOLDING = "GemmFwdRest"


def _as_solved(row: Row, accelerator: Accelerator, execution: Execution) -> Execution:
    """Execution without conversions, but for solvers that read another layout than the row's."""
    if _UNFOLDING in row.kernel:
        raise LookupError("the solver unfolds the image, which no newer library does")
    converts = _CHANNELS_LAST in row.kernel and row.attributes.get("layout") != _CHANNELS_LAST
    return replace(execution, channels_last=not converts)


SOURCE = Source(
    name="miopen-finddb",
    citation="github.com/ROCm/MIOpen find-DB: forward convolutions, one launch of the fastest solver (MIT)",
    execution=_as_solved,
    # Searched over all solvers, direct ones and a Winograd of its own among them, which the framework by default does
    # not do. A fit of the algorithms that are modelled leaves 60 to 120 % on unseen shapes.
    not_fitted=("aten::conv2d", "aten::conv3d"),
)
