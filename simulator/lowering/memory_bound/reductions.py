"""How PyTorch divides a reduction among threads (``setReduceConfig``, aten/src/ATen/native/cuda/Reduce.cuh)."""

from __future__ import annotations

from math import ceil

from tracer.graph import TensorSpec

__all__ = ["reduces_innermost", "reduction_loads"]

#: Loads of a thread that are in flight together (``vt0``, ``input_vec_size``). [1]
_TOGETHER = 4

#: Threads that share an output: a warp along the innermost axis, and all warps of a block from so many values of each
#: thread on (``min_values_per_thread`` times the height of the block).
_WARP, _BLOCK, _ENOUGH_FOR_BLOCK = 32, 512, 256

#: The same across: none, or the four rows of a block of 128 threads with four outputs each.
_ROWS, _ENOUGH_FOR_ROWS = 4, 64

#: Values of a thread from which on several blocks share an output (``max_values_per_thread``).
_MOST = 256.0


def reduction_loads(reduced_length: float, *, along: bool) -> float:
    """Groups of loads that one thread of an eager reduction waits for, one after another. [1]

    Parameters
    ----------
    reduced_length : float
        Values of one output. [1]
    along : bool
        Whether the innermost axis in memory is reduced.
    """
    if along:
        shared = reduced_length / _WARP
        values = shared if shared < _ENOUGH_FOR_BLOCK else reduced_length / _BLOCK
    else:
        values = reduced_length if reduced_length < _ENOUGH_FOR_ROWS else reduced_length / _ROWS
    return float(ceil(min(max(values, 1.0), _MOST) / _TOGETHER))


def reduces_innermost(data: TensorSpec, out: TensorSpec) -> bool:
    """Whether the innermost axis in memory of an input is reduced in an output, which may have left out such axes."""
    wide = [axis for axis, extent in enumerate(data.shape) if extent > 1]
    if not wide:
        return True
    inner = min(wide, key=lambda axis: data.strides[axis]) if data.strides else wide[-1]
    if len(out.shape) == len(data.shape):
        return out.shape[inner] == 1
    return data.shape[inner] not in out.shape
