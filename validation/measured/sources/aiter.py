"""AITER's tuned linear layers: the fastest of its own, hipBLASLt's and assembled kernels, picked for each shape."""

from __future__ import annotations

from .source import Source

__all__ = ["SOURCE"]

SOURCE = Source(
    name="aiter",
    citation="github.com/ROCm/aiter: tuned linear layers, profiler, 101 runs, cold cache (MIT)",
)
