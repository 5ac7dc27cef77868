"""AITER's tuned linear layers: the fastest of its own, hipBLASLt's and assembled kernels, picked for each shape."""

from __future__ import annotations

from .source import Source

__all__ = ["SOURCE"]

SOURCE = Source(
    name="aiter",
    citation="github.com/ROCm/aiter: tuned linear layers, profiler, 101 runs, cold cache (MIT)",
    # Most rows are of kernels that PyTorch does not launch (``flydsl_gemm4_abf16``). Parameters of a fit to them make
    # published best rates of hipBLASLt on MI300X and MI325X come out at 0.67 to 0.75 in place of 0.91 to 0.98.
    not_fitted=("aten::linear",),
)
