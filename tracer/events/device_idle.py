"""When the devices of a trace did nothing, and whether it was the host that they waited for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracer.graph import IndexArray
from tracer.trace import Trace

__all__ = ["PROCESS_OF_DEVICE", "DeviceIdle", "IdleOfDevice", "device_idle"]

#: Name of the fact of a run that says whose a device is, before its number.
PROCESS_OF_DEVICE = "process of device "

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleOfDevice:
    """One device while any of the trace's devices had something to do. All in seconds.

    Attributes
    ----------
    device : int
    busy : float
        At least one of its streams runs something.
    idle : float
        Rest of the elapsed time of all devices.
    process : str
        Whose it is, where the trace says so.
    """

    device: int
    busy: float
    idle: float
    process: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceIdle:
    """Time from the first device event to the end of the last, on a clock on the wall. All in seconds.

    Attributes
    ----------
    elapsed : float
    busy : float
        At least one stream of any device runs something.
    host_bound : float
        Nothing runs, and what runs next had not been launched when the devices became idle.
    queued : float
        Nothing runs although the next event had been launched: gaps between kernels, waiting for other streams,
        and where the launch is not known.
    devices : tuple of IdleOfDevice
        Each device by itself.
    """

    elapsed: float
    busy: float
    host_bound: float
    queued: float
    devices: tuple[IdleOfDevice, ...]

    @property
    def idle(self) -> float:
        """Time that nothing runs. [s]"""
        return self.elapsed - self.busy


def device_idle(trace: Trace) -> DeviceIdle | None:
    """Busy and idle time of the devices of a trace; None without a timeline.

    Events that were launched before the trace began keep their device busy. Events whose start is not known are left
    out.
    """
    if not trace.has_timeline:
        return None
    kernels = trace.kernels
    timed = np.flatnonzero(np.isfinite(kernels.start))
    start, end = kernels.start[timed], kernels.start[timed] + kernels.duration[timed]
    window = (float(start.min()), float(end.max()))
    elapsed = window[1] - window[0]
    _, gap, late = _gaps(trace, timed, window, None)
    devices, facts = [], dict(trace.facts.settings)
    for device in np.unique(kernels.device[timed]).tolist():
        busy, _, _ = _gaps(trace, timed[kernels.device[timed] == device], window, device)
        process = str(facts.get(f"{PROCESS_OF_DEVICE}{device}", ""))
        devices.append(IdleOfDevice(device=device, busy=busy, idle=elapsed - busy, process=process))
    return DeviceIdle(
        elapsed=elapsed,
        busy=devices[0].busy if len(devices) == 1 else elapsed - float(gap.sum()),
        host_bound=float(gap[late].sum()),
        queued=float(gap[~late].sum()),
        devices=tuple(devices),
    )


def _gaps(
    trace: Trace, rows: IndexArray, window: tuple[float, float], device: int | None
) -> tuple[float, FloatArray, NDArray[np.bool_]]:
    """Busy time, the gap before each event, and whether that event was launched only after the gap began.

    Parameters
    ----------
    trace : Trace
    rows : array of int
        Device events of one device, or of all.
    window : tuple of float
        Part of the trace's time that counts. [s]
    device : int, optional
        Whose backlog counts; that of all by default.
    """
    backlog = trace.backlog
    kept = np.ones(len(backlog), dtype=np.bool_) if device is None else backlog.device == device
    start = np.concatenate((trace.kernels.start[rows], backlog.start[kept]))
    end = start + np.concatenate((trace.kernels.duration[rows], backlog.duration[kept]))
    launched = np.concatenate((_launched(trace, rows), np.full(int(kept.sum()), -np.inf)))
    order = np.argsort(start, kind="stable")
    start, end = np.clip(start[order], *window), np.clip(end[order], *window)
    # The device is busy until the latest end so far.
    free_from = np.maximum.accumulate(np.concatenate(([start[0]], end[:-1])))
    gap = np.maximum(start - free_from, 0.0)
    busy = float(end.max() - start[0]) - float(gap.sum())
    return busy, gap, launched[order] > free_from


def _launched(trace: Trace, rows: IndexArray) -> FloatArray:
    """End of the call that launched each event, minus infinity where it is not known. [s]"""
    launch = trace.kernels.launch[rows]
    if not len(trace.host):
        return np.full(len(rows), -np.inf)
    ends = trace.host.start + trace.host.duration
    return np.where(launch >= 0, ends[np.maximum(launch, 0)], -np.inf)
