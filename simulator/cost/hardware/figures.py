"""What columns of accelerators are derived from: numbers as their files state them, gathered once.

Numbers that a study changes take the place of those gathered (:meth:`Figures.changed`), and everything else follows by
the same formulas: no accelerator is built, validated or looked up for any of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, Architecture
from hw_specs.inheritance.power_rules import dram_rule

from .cores import engine_parts, product_of

__all__ = ["Figures", "figures_of"]

FloatArray = NDArray[np.float64]

_RATES = ("matrix", "vector", "special")
_NUMBERS = (
    *(f"cores.{name}" for name in ("count", "clock", "matrix_clock", "clock_headroom", "matrix_share")),
    *(f"cores.{name}" for name in ("max_threads", "max_warps", "max_blocks", "warp_size")),
    "memory.registers.capacity",
    *(f"memory.shared.{name}" for name in ("capacity", "bandwidth", "measured_bandwidth")),
    *(f"memory.{level}.{name}" for level in ("l2", "llc") for name in ("capacity", "bandwidth", "measured_bandwidth")),
    *(f"memory.{level}.latency" for level in ("l2", "llc")),
    *(f"memory.dram.{name}" for name in ("capacity", "bandwidth", "measured_bandwidth", "latency")),
    *(f"power.{name}" for name in ("board", "idle")),
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Figures:
    """Numbers of a sequence of accelerators by dotted path; every array has shape (num_accelerators,).

    Attributes
    ----------
    name : tuple of str
    traits : tuple of Architecture
    numbers : mapping of str to array
        In SI units, NaN where an accelerator has none; without those that none has of rates and links.
    engine_parts, product_count : array
        Of the product that each accelerator was before it was changed: parts of its engines that work like cores
        (:func:`simulator.cost.hardware.cores.engine_parts`), and its cores. [1]
    inline_ecc : array of bool
        Whether check bits lie among the data of the DRAM.
    idle_share : array
        Idle power over the limit of the board where nobody states it, by the kind of DRAM. [1]
    """

    name: tuple[str, ...]
    traits: tuple[Architecture, ...]
    numbers: Mapping[str, FloatArray]
    engine_parts: FloatArray
    product_count: FloatArray
    inline_ecc: NDArray[np.bool_]
    idle_share: FloatArray

    def __len__(self) -> int:
        """Number of accelerators."""
        return len(self.name)

    def below(self, path: str) -> dict[str, FloatArray]:
        """Numbers below a path by the rest of theirs."""
        start = f"{path}."
        return {name[len(start) :]: values for name, values in self.numbers.items() if name.startswith(start)}

    def trait(self, path: str) -> FloatArray:
        """A number that generations share, NaN where it is not known."""
        known = {id(traits): traits for traits in self.traits}
        values = {identity: traits.trait(path) for identity, traits in known.items()}
        return _column([values[id(traits)] for traits in self.traits])

    def changed(self, numbers: Mapping[str, FloatArray | float], count: int) -> Figures:
        """The only accelerator here, a number of times, with some numbers in place of its own."""
        every = {**self.numbers, **numbers}
        return replace(
            self,
            name=self.name * count,
            traits=self.traits * count,
            numbers={path: _along(values, count) for path, values in every.items()},
            engine_parts=_along(self.engine_parts, count),
            product_count=_along(self.product_count, count),
            inline_ecc=np.repeat(self.inline_ecc, count),
            idle_share=_along(self.idle_share, count),
        )


def figures_of(accelerators: Sequence[Accelerator]) -> Figures:
    """Numbers of some accelerators as they are."""
    numbers = {path: _gathered(accelerators, path) for path in _NUMBERS}
    for kind in _RATES:
        numbers |= _entries(f"peak.{kind}", [getattr(accelerator.peak, kind) for accelerator in accelerators])
    links = [dict(_link_numbers(accelerator)) for accelerator in accelerators]
    products = [product_of(accelerator) for accelerator in accelerators]
    return Figures(
        name=tuple(a.name for a in accelerators),
        traits=tuple(a.traits for a in accelerators),
        numbers=numbers | _entries("links", links),
        engine_parts=_column([engine_parts(product) for product in products]),
        product_count=_column([product.cores.count for product in products]),
        inline_ecc=np.array([a.memory.dram.inline_ecc for a in accelerators], dtype=np.bool_),
        idle_share=_column([dram_rule(a).idle_share for a in accelerators]),
    )


def _link_numbers(accelerator: Accelerator) -> Iterator[tuple[str, float]]:
    """Bandwidth of each link, and how many devices it joins where that is stated."""
    for name, link in accelerator.links.items():
        yield f"{name}.bandwidth", link.bandwidth
        if link.domain is not None:
            yield f"{name}.domain", float(link.domain)
        if link.mesh:
            yield f"{name}.mesh", 1.0


def _entries(path: str, records: Sequence[Mapping[str, float]]) -> dict[str, FloatArray]:
    """Numbers of dictionaries by path, NaN where one has no such entry."""
    names = sorted({name for record in records for name in record})
    return {f"{path}.{name}": _column([record.get(name) for record in records]) for name in names}


def _gathered(accelerators: Sequence[Accelerator], path: str) -> FloatArray:
    """Numbers at a path."""
    *parents, leaf = path.split(".")
    return np.array([getattr(_record(a, parents), leaf, None) for a in accelerators], dtype=np.float64)


def _record(accelerator: Accelerator, parents: Sequence[str]) -> object:
    """Record inside an accelerator, None where it has none."""
    record: object = accelerator
    for name in parents:
        record = getattr(record, name, None)
    return record


def _column(values: Sequence[float | None]) -> FloatArray:
    return np.array(values, dtype=np.float64)


def _along(values: FloatArray | float, count: int) -> FloatArray:
    return np.broadcast_to(values if isinstance(values, np.ndarray) else np.float64(values), (count,))
