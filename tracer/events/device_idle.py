"""When the device of a trace did nothing, and whether it was the host that it waited for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracer.graph import IndexArray
from tracer.trace import KernelColumns, Trace

__all__ = ["DeviceIdle", "device_idle"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceIdle:
    """Time of one device from its first event to the end of its last. All in seconds.

    Attributes
    ----------
    elapsed : float
    busy : float
        At least one stream runs something.
    host_bound : float
        Nothing runs, and what runs next had not been launched when the device became idle.
    queued : float
        Nothing runs although the next event had been launched: gaps between kernels, waiting for other streams,
        and where the launch is not known.
    """

    elapsed: float
    busy: float
    host_bound: float
    queued: float

    @property
    def idle(self) -> float:
        """Time that nothing runs. [s]"""
        return self.elapsed - self.busy


def device_idle(trace: Trace) -> DeviceIdle | None:
    """Idle time of the devices of a trace, summed over devices; None without a timeline."""
    if not trace.has_timeline:
        return None
    kernels = trace.kernels
    parts = [_one_device(trace, np.flatnonzero(kernels.device == device)) for device in np.unique(kernels.device)]
    names = ("elapsed", "busy", "host_bound", "queued")
    return DeviceIdle(**{name: sum(getattr(part, name) for part in parts) for name in names})


def _one_device(trace: Trace, rows: IndexArray) -> DeviceIdle:
    kernels = trace.kernels
    rows = rows[np.argsort(kernels.start[rows], kind="stable")]
    start, end = kernels.start[rows], kernels.start[rows] + kernels.duration[rows]
    # The device is busy until the latest end so far.
    free_from = np.concatenate(([start[0]], np.maximum.accumulate(end)[:-1]))
    gap = np.maximum(start - free_from, 0.0)
    late = _launched(trace, kernels, rows) > free_from
    elapsed = float(end.max() - start[0])
    return DeviceIdle(
        elapsed=elapsed,
        busy=elapsed - float(gap.sum()),
        host_bound=float(gap[late].sum()),
        queued=float(gap[~late].sum()),
    )


def _launched(trace: Trace, kernels: KernelColumns, rows: IndexArray) -> FloatArray:
    """End of the call that launched each event, minus infinity where it is not known. [s]"""
    launch = kernels.launch[rows]
    if not len(trace.host):
        return np.full(len(rows), -np.inf)
    ends = trace.host.start + trace.host.duration
    return np.where(launch >= 0, ends[np.maximum(launch, 0)], -np.inf)
