"""Epilogues: what follows a product or a convolution element by element, computed before its result is stored.

So do engines that compile diffusion models: convolution with bias, addition and activation by cuDNN, gated units by
cuBLASLt (stable-fast, README.md: "CUDNN Convolution Fusion", "Fused GEMM"); CUTLASS epilogues of bias, activation and
residual (AITemplate, python/aitemplate/compiler/ops: ``conv2d_bias_add``, ``gemm_rcr_bias_add``,
``dual_gemm_rcr_fast_gelu``); convolution, matrix product and pointwise layers (TensorRT, "Layer Fusion Catalog").
TorchInductor's products and convolutions are calls of libraries, which take none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from simulator.kernels import (
    NARROW_SUMS,
    Convolution,
    Kernel,
    Product,
    RowWise,
    SearchedConvolution,
    Stream,
    StreamKind,
)

__all__ = ["EPILOGUE_ENDS", "Epilogues", "narrow_sums", "suits_epilogue", "with_epilogue"]

#: A gated unit stores half of what its product makes; less than that is another operation.
_LEAST_KEPT = 0.5

EPILOGUE_ENDS = (Product, Convolution, SearchedConvolution)


def suits_epilogue(kernels: Iterable[Stream | RowWise]) -> bool:
    """Whether kernels work on each element by itself, wherever they put it."""
    alone = (StreamKind.ELEMENTWISE, StreamKind.COPY)
    return all(isinstance(kernel, Stream) and kernel.kind in alone for kernel in kernels)


class Epilogues:
    """Products and convolutions whose results nothing has read yet, by the storage that they write."""

    def __init__(self, readers: Mapping[int, Sequence[int]]) -> None:
        """Of a stage, by the calls that read each storage, in order."""
        self._readers = readers
        self._ends: dict[int, tuple[int, float]] = {}
        self._written_at: dict[int, int] = {}

    def written(self, storages: Iterable[int], call: int) -> None:
        """Note when storages have been written."""
        self._written_at.update(dict.fromkeys(storages, call))

    def ends(self, storage: int, launch: int, elements: float) -> None:
        """Note a contraction by its launch, and elements of its result."""
        self._ends[storage] = (launch, elements)

    def end_of(self, reads: Mapping[int, float], calls: Sequence[int], elements: float) -> tuple[int, int] | None:
        """Launch and storage of the contraction that can compute a chain as it stores its result.

        Nothing else reads the result, which has as many elements or twice as many, and all else that the chain reads
        is there before it starts.

        Parameters
        ----------
        reads : mapping of int to float
            Bytes that a chain reads of storages that it has not written.
        calls : sequence of int
            The chain's.
        elements : float
            That it walks.
        """
        found = [(self._ends[storage], storage) for storage in reads if storage in self._ends]
        if not found:
            return None
        (launch, made), storage = max(found)
        alone = set(self._readers.get(storage, ())) <= set(calls)
        fits = _LEAST_KEPT * made <= elements <= made
        own = self._written_at.get(storage, -1)
        ready = all(self._written_at.get(other, -1) < own for other in reads if other != storage)
        return (launch, storage) if alone and fits and ready else None


def narrow_sums(kernel: Kernel) -> Kernel:
    """A contraction of 16-bit floats as engines run it: added up in the same format.

    stable-fast ("fused GEMM operators that compute with fp16 precision", README.md), OneFlow
    (``ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION``), nexfort (its mode ``low-precision``), AITemplate
    (``use_fp16_acc``, its default); TensorRT takes whichever it finds faster.
    """
    narrows = isinstance(kernel, EPILOGUE_ENDS) and kernel.number_format == "fp16"
    return replace(kernel, number_format=NARROW_SUMS) if narrows else kernel


def with_epilogue(kernel: Product | Convolution | SearchedConvolution, *, read: float, written: float) -> Kernel:
    """A contraction that reads so much more and writes so much. [B]"""
    return replace(kernel, bytes_read=kernel.bytes_read + read, bytes_written=written)
