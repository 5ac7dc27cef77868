"""Highest arithmetic rates and bandwidths that PyTorch reaches on the machine at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from validation.machine.stopwatch import Stopwatch

__all__ = ["Peaks", "bandwidth_sweep", "copy_bandwidth", "level_bandwidth", "measure_peaks"]

# Products grow until one takes this long: large enough to be bound by arithmetic. [s]
_LONG = {"cpu": 0.25, "cuda": 4e-3}
_SIDES = (256, 512, 1024, 2048, 4096, 8192, 16384)
_REPEATS = 5
_SPECIAL_ELEMENTS = 2**16
# Working sets of the sweep, both buffers together: from L1 to far beyond any cache. [B]
_WORKING_SETS = tuple(2**n for n in range(16, 31)) + tuple(3 * 2**n for n in range(15, 29))


@dataclass(frozen=True, slots=True, kw_only=True)
class Peaks:
    """Rates by number format. [FLOP/s], special functions [1/s]

    Attributes
    ----------
    matrix, vector, special : dict
    refused : dict
        Formats that torch cannot multiply here -> why.
    """

    matrix: Mapping[str, float]
    vector: Mapping[str, float]
    special: Mapping[str, float]
    refused: Mapping[str, str]


def measure_peaks(
    device: torch.device,
    stopwatch: Stopwatch,
    *,
    matrix_formats: frozenset[str],
    say: Callable[[str], None],
    largest: int = _SIDES[-1],
) -> Peaks:
    """Rate of square matrix products in every format that torch multiplies on the device, and of exponentials.

    Parameters
    ----------
    device : torch.device
    stopwatch : Stopwatch
    matrix_formats : frozenset of str
        Formats that the device has matrix units for; the others count as vector arithmetic.
    say : callable
        Called with the name of each format.
    largest : int
        Longest side of a product.
    """
    rates: dict[str, float] = {}
    refused: dict[str, str] = {}
    for name, product in _products(device).items():
        say(f"peak {name}")
        try:
            rates[name] = _rate(device, stopwatch, product, largest)
        except (RuntimeError, AttributeError, NotImplementedError) as error:
            refused[name] = (str(error).splitlines() or ["no message"])[0]
    return Peaks(
        matrix={name: rate for name, rate in rates.items() if name in matrix_formats},
        vector={name: rate for name, rate in rates.items() if name not in matrix_formats},
        special={} if device.type == "cuda" else {"fp32": _exponentials(stopwatch)},
        refused=refused,
    )


_Product = Callable[[int], Callable[[], object]]


def _products(device: torch.device) -> dict[str, _Product]:
    """Format -> function of a side that makes operands and returns their product."""

    def plain(dtype: torch.dtype) -> _Product:
        def make(side: int) -> Callable[[], object]:
            a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
            out = torch.empty_like(a)
            return lambda: torch.mm(a, b, out=out)

        return make

    def tf32(side: int) -> Callable[[], object]:
        call = plain(torch.float32)(side)

        def run() -> object:
            before = torch.backends.cuda.matmul.allow_tf32
            torch.backends.cuda.matmul.allow_tf32 = True
            try:
                return call()
            finally:
                torch.backends.cuda.matmul.allow_tf32 = before

        return run

    def int8(side: int) -> Callable[[], object]:
        a, b = (torch.randint(-8, 8, (side, side), device=device).to(torch.int8) for _ in range(2))
        transposed = b.t().contiguous().t()
        return lambda: torch._int_mm(a, transposed)

    def fp8(side: int) -> Callable[[], object]:
        a, b = (torch.randn(side, side, device=device).to(torch.float8_e4m3fn) for _ in range(2))
        one, transposed = torch.ones((), device=device), b.t().contiguous().t()
        return lambda: torch._scaled_mm(a, transposed, one, one, out_dtype=torch.bfloat16)

    found = {"fp32": plain(torch.float32), "bf16": plain(torch.bfloat16), "fp16": plain(torch.float16)}
    on_both = {**found, "int8": int8}
    return {**on_both, "tf32": tf32, "fp8": fp8} if device.type == "cuda" else on_both


def _rate(device: torch.device, stopwatch: Stopwatch, product: _Product, largest: int) -> float:
    """Highest rate over growing products, each the best of a few repetitions. [FLOP/s]"""
    best = 0.0
    for side in (s for s in _SIDES if s <= largest):
        run = stopwatch.prepare([product(side)], keep=False)
        stopwatch.elapsed(run, flush=False)
        time = min(stopwatch.elapsed(run, flush=False) for _ in range(_REPEATS))
        best = max(best, 2.0 * side**3 / time)
        if time > _LONG[device.type]:
            break
    return best


def _exponentials(stopwatch: Stopwatch) -> float:
    """Exponentials of operands in the cache. [1/s]"""
    x = torch.randn(_SPECIAL_ELEMENTS)
    out = torch.empty_like(x)
    run = stopwatch.prepare([lambda: torch.exp(x, out=out)] * 8, keep=False)
    stopwatch.elapsed(run, flush=False)
    return 8 * _SPECIAL_ELEMENTS / min(stopwatch.elapsed(run, flush=False) for _ in range(_REPEATS))


def bandwidth_sweep(
    device: torch.device, stopwatch: Stopwatch, *, largest: int, say: Callable[[str], None]
) -> list[tuple[int, float]]:
    """(working set [B], bandwidth [B/s]) of copies from one buffer to another, read and write counted.

    The time of a copy of a few elements, which is that of the call, is subtracted; sets whose copy takes less than
    twice that long are left out.
    """
    overhead = _copy_time(device, stopwatch, 128)
    points = []
    for size in sorted(s for s in _WORKING_SETS if s <= largest):
        say(f"bandwidth of {size / 2**20:.3g} MiB")
        time = _copy_time(device, stopwatch, size)
        if time > 3 * overhead:
            points.append((size, size / (time - overhead)))
    return points


def copy_bandwidth(device: torch.device, stopwatch: Stopwatch, size: int) -> float:
    """Bandwidth of one working set, read and write counted. [B/s]"""
    return size / _copy_time(device, stopwatch, size)


def _copy_time(device: torch.device, stopwatch: Stopwatch, working_set: int) -> float:
    """Best time of one copy within a working set of two equal buffers. [s]"""
    source = torch.randn(max(working_set // 8, 1), device=device)
    target = torch.empty_like(source)
    calls = max(1, min(64, 2**24 // max(working_set, 1)))
    run = stopwatch.prepare([lambda: target.copy_(source)] * calls, keep=False)
    stopwatch.elapsed(run, flush=False)
    return min(stopwatch.elapsed(run, flush=False) for _ in range(_REPEATS)) / calls


def level_bandwidth(points: Sequence[tuple[int, float]], below: int, capacity: int | None) -> float | None:
    """Median bandwidth of the working sets that one level alone holds.

    Parameters
    ----------
    points : sequence of (working set, bandwidth)
    below : int
        Capacity of the level nearer to the cores; sets under twice that are left out. [B]
    capacity : int, optional
        Of the level; sets over two thirds of it are left out. None is memory, which has no end. [B]

    Returns
    -------
    float or None
        None where no working set is of that level. [B/s]
    """
    own = sorted(_within(points, 2 * below, None if capacity is None else 2 * capacity // 3))
    return own[len(own) // 2] if own else None


def _within(points: Sequence[tuple[int, float]], least: int, most: int | None) -> Iterator[float]:
    for size, bandwidth in points:
        if size >= least and (most is None or size <= most):
            yield bandwidth
