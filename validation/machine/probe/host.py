"""Time that the host spends on calls from Python: views, operators of each kind, modules, launches."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch
from torch import nn

from tracer.capture.machine.device_facts import synchronize
from validation.machine.stopwatch import Stopwatch

__all__ = ["host_times"]

# Few enough that a device's queue never fills, in which case the host would wait for the device.
_CALLS = 200
_REPEATS = 9


def host_times(device: torch.device, stopwatch: Stopwatch) -> dict[str, float]:
    """Host costs by the names of :class:`simulator.hosts.costs.HostCosts`; `stage` and `delay` are not measured. [s]

    On a CPU the operators' own work on a few elements is in their times, and there are no launches.
    """
    functions = _functions(device)
    with torch.no_grad():
        times = {name: _time_of_call(function, device) for name, function in functions.items()}
        launch = _launch_time(device)
        gap = _gap(device, stopwatch, functions["operator"])
    loop = times.pop("nothing")
    view = times.pop("view") - loop
    module = times.pop("module") - loop
    # An operator's launch is counted by itself.
    calls = {name: max(value - loop - launch, 0.0) for name, value in times.items()}
    return {"view": max(view, 0.0), "module": max(module, 0.0), **calls, "launch": launch, "gap": gap}


def _functions(device: torch.device) -> Mapping[str, Callable[[], object]]:
    x = torch.ones(4, 4, device=device)
    image, filters = torch.ones(1, 4, 4, 4, device=device), torch.ones(4, 4, 3, 3, device=device)
    heads = torch.ones(1, 1, 4, 4, device=device)
    identity = nn.Identity()
    functional = torch.nn.functional
    return {
        "nothing": lambda: x,
        "view": lambda: x.view(16),
        "module": lambda: identity(x),
        "operator": lambda: torch.add(x, 1.0),
        "row_wise": lambda: functional.layer_norm(x, (4,)),
        "product": lambda: functional.linear(x, x),
        "convolution": lambda: functional.conv2d(image, filters, padding=1),
        "attention": lambda: functional.scaled_dot_product_attention(heads, heads, heads),
    }


def _time_of_call(function: Callable[[], object], device: torch.device) -> float:
    """Host time of one call, the best of a few loops. [s]"""
    best = float("inf")
    for _ in range(_REPEATS):
        synchronize(device)
        start = time.perf_counter()
        for _ in range(_CALLS):
            function()
        best = min(best, (time.perf_counter() - start) / _CALLS)
    synchronize(device)
    return best


def _launch_time(device: torch.device) -> float:
    """Host time of one launch of a kernel that does nothing; 0 on a CPU. [s]"""
    if device.type != "cuda":
        return 0.0
    return _time_of_call(lambda: torch.cuda._sleep(0), device)


def _gap(device: torch.device, stopwatch: Stopwatch, function: Callable[[], object]) -> float:
    """Time between two kernels of a stream beyond that of the same kernels in a graph; 0 on a CPU. [s]"""
    if device.type != "cuda":
        return 0.0
    graph = stopwatch.prepare([function] * _CALLS, keep=False)

    def stream() -> None:
        # The device sleeps until the host has queued all of them.
        torch.cuda._sleep(20_000_000)
        start.record()
        for _ in range(_CALLS):
            function()
        end.record()

    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    in_graph = min(stopwatch.elapsed(graph, flush=False) for _ in range(_REPEATS))
    in_stream = float("inf")
    for _ in range(3):
        stream()
        torch.cuda.synchronize(device)
        in_stream = min(in_stream, start.elapsed_time(end) * 1e-3)
    return max(in_stream - in_graph, 0.0) / _CALLS
