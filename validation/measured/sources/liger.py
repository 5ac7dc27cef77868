"""Liger-Kernel: one call of PyTorch and of its own Triton kernels, timed behind a buffer that was cleared.

Clearing leaves lines in the cache that are written back while the call runs, and calls of several kernels wait for the
host, so that its times below some 100 us hold more than the kernels.
"""

from __future__ import annotations

from .source import Source

__all__ = ["SOURCE"]


SOURCE = Source(
    name="liger-kernel",
    citation="github.com/linkedin/Liger-Kernel: PyTorch rows of its benchmark (BSD-2)",
    not_fitted=("aten::group_norm", "aten::layer_norm", "aten::rms_norm", "aten::softmax"),
)
