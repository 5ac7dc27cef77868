"""Memory of the device as its user sees it: beside tensors, what libraries, the allocator and the driver hold.

What ``torch.cuda.max_memory_allocated`` shows is weights, activations and workspaces, since cuDNN and attention get
theirs from the framework's allocator; what a tool of the driver shows is all of it, and whatever the allocator keeps of
freed blocks. The last is left out: before it fails, the allocator gives back what it keeps (``malloc`` in
``c10/cuda/CUDACachingAllocator.cpp``).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator
from hw_specs.reading.identity import Same
from simulator.execution import Execution
from tracer.graph import IndexArray, OpGraph, StorageRole

from .peak_memory import peak_tensors

__all__ = ["DeviceMemory", "device_memory", "stacks"]

#: Number of one accelerator, or of each of some variants of it.
Number: TypeAlias = float | NDArray[np.float64]

_MIB = 2**20
# Workspace of cuBLAS and that of cuBLASLt, which the framework keeps for each handle and stream: 32 MiB since Hopper, 8
# before (aten/src/ATen/cuda/CublasHandlePool.cpp).
_LIBRARIES = 2 * 32 * _MIB
# Stack of each thread that can be resident, heap and print buffer that every context reserves (CUDA Programming Guide,
# cudaLimitStackSize, cudaLimitMallocHeapSize, cudaLimitPrintfFifoSize), and kernels that were loaded: assumed.
_STACK, _HEAP, _PRINT, _CODE = 1024, 8 * _MIB, _MIB, 150 * _MIB
# Segments that the allocator asks the driver for, by the size of a tensor (kSmallSize, kSmallBuffer, kMinLargeAlloc,
# kLargeBuffer, kRoundLarge in c10/core/CachingDeviceAllocator.h).
_SMALL, _SMALL_SEGMENT, _LARGE, _LARGE_SEGMENT, _ROUND = _MIB, 2 * _MIB, 10 * _MIB, 20 * _MIB, 2 * _MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMemory:
    """Memory in use where it is most. [B]

    Attributes
    ----------
    weights : int
        Parameters and buffers on the device.
    activations : int
        Inputs and results that live at the same time.
    workspaces : int
        Scores of attention where they are stored, and images that the library for convolutions brings to its own
        layout, of the call that runs then.
    libraries : int
        What libraries for products keep.
    allocator : int
        Rest of the segments that weights lie in.
    context : int
        Of the driver. None is known of devices that are no GPU.
    """

    weights: int
    activations: int
    workspaces: int
    libraries: int
    allocator: int
    context: int

    @property
    def allocated(self) -> int:
        """Tensors and workspaces: what the framework's allocator counts. [B]"""
        return self.weights + self.activations + self.workspaces

    @property
    def total(self) -> int:
        """All of it. [B]"""
        return self.allocated + self.libraries + self.allocator + self.context


def device_memory(graph: OpGraph, execution: Execution, accelerator: Accelerator, only: str = "") -> DeviceMemory:
    """Memory of a run on an accelerator, or of one component that alone is loaded.

    Raises as :func:`simulator.schedule.peak_memory.peak_tensors`.
    """
    tensors = peak_tensors(graph, execution, only)
    is_gpu = accelerator.kind == "gpu"
    return DeviceMemory(
        weights=tensors.weights,
        activations=tensors.activations,
        workspaces=tensors.workspaces,
        libraries=_LIBRARIES if is_gpu else 0,
        allocator=min(_left_in_segments(Same(graph)), tensors.weights) if is_gpu else 0,
        context=_context(accelerator) if is_gpu else 0,
    )


def _context(accelerator: Accelerator) -> int:
    own = stacks(accelerator.cores.count, accelerator.cores.max_threads or 0)
    return int(own) + _HEAP + _PRINT + _CODE


def stacks(cores: Number, threads: Number) -> Number:
    """Stacks of all threads that can be resident, so many on each core. [B]"""
    return cores * threads * _STACK


@functools.lru_cache(maxsize=16)
def _left_in_segments(same: Same[OpGraph]) -> int:
    """What segments for all weights hold beside them. [B]"""
    graph = same.value
    sizes = graph.storage_bytes[graph.storage_roles == int(StorageRole.PARAMETER)]
    small, large = sizes[sizes <= _SMALL], sizes[sizes >= _LARGE]
    between = sizes[(sizes > _SMALL) & (sizes < _LARGE)]
    return _rest(small.sum(), _SMALL_SEGMENT) + _rest(between.sum(), _LARGE_SEGMENT) + int(_rests(large).sum())


def _rest(size: int, segment: int) -> int:
    return int(-size % segment)


def _rests(sizes: IndexArray) -> IndexArray:
    rests: IndexArray = np.mod(-sizes, _ROUND)
    return rests
