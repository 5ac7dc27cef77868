"""Conversions of activations that several layers share: a compiler makes them in one kernel.

TorchInductor fuses what reads one input and walks it alike, whichever product it is for, and computes equal expressions
of a kernel once (torch/_inductor/scheduler.py, score_fusion_memory; codegen/common.py, CSE). Query, key and value of
one input so have one conversion; that it writes a copy for each is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tracer.graph import TensorSpec

from .layers import Layer

__all__ = ["Conversions"]


class Conversions:
    """What has been computed of inputs of layers, until they are overwritten.

    Inputs are the same where they are of one storage, shape and layout.
    """

    def __init__(self) -> None:
        """Nothing yet."""
        self._known: dict[int, dict[TensorSpec, Mapping[str, int]]] = {}

    def of(self, layer: Layer, reads: Sequence[int]) -> Mapping[str, int]:
        """Storages of what is there of a layer's input, by name."""
        at = layer.operands.data
        return self._known.get(reads[at], {}).get(layer.op.inputs[at], {})

    def keep(self, layer: Layer, reads: Sequence[int], converted: Mapping[str, int]) -> None:
        """Remember what has been computed of a layer's input."""
        at = layer.operands.data
        self._known.setdefault(reads[at], {})[layer.op.inputs[at]] = converted

    def overwritten(self, storages: Iterable[int]) -> None:
        """Forget what was computed of storages that a call has written."""
        for storage in storages:
            self._known.pop(storage, None)
