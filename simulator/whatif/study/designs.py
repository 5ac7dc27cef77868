"""Designs of a study by their index, gathered by what they have in common: accelerator, settings, changed paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator
from hw_specs.overrides import change_text, changed_numbers

from .fields import NumberField, SettingField
from .file import Value
from .sampling import Sampler

__all__ = ["DesignGroup", "Designs", "ListedDesigns", "SampledDesigns"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DesignGroup:
    """Designs that differ in numbers of one accelerator alone.

    Attributes
    ----------
    rows : ndarray of int
        Positions in the chunk.
    base : str
        Accelerator that they start from.
    settings : mapping
        Of workload and execution, for these designs alone.
    numbers : mapping of str to ndarray
        By path, without those that follow. [SI]
    """

    rows: IntArray
    base: str
    settings: Mapping[str, Value]
    numbers: Mapping[str, FloatArray]

    def changes(self, at: int, units: Mapping[str, str]) -> list[str]:
        """Changes that :func:`hw_specs.apply_overrides` makes one of the designs with, given the units by path."""
        return [change_text(path, float(values[at]), units[path]) for path, values in self.numbers.items()]


class Designs(Protocol):
    """All designs of a study."""

    def __len__(self) -> int:
        """Number of designs."""

    def groups(self, start: int, stop: int) -> Iterator[DesignGroup]:
        """Designs of some indices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledDesigns:
    """Designs at points of the unit cube, a coordinate a field.

    Attributes
    ----------
    sampler : Sampler
    count : int
    numbers, settings : tuple
        Fields; coordinates are in this order.
    base : str
        Accelerator that designs start from, unless ``hw`` is among the settings.
    """

    sampler: Sampler
    count: int
    numbers: tuple[NumberField, ...]
    settings: tuple[SettingField, ...]
    base: str

    def __len__(self) -> int:
        """Number of designs."""
        return self.count

    def groups(self, start: int, stop: int) -> Iterator[DesignGroup]:
        """Designs of some indices, by their settings."""
        yield from self.at(self.sampler.points(start, stop))

    def points(self, start: int, stop: int) -> FloatArray:
        """Points of some indices."""
        return self.sampler.points(start, stop)

    def at(self, points: FloatArray) -> Iterator[DesignGroup]:
        """Designs at some points, by their settings."""
        across = len(self.settings)
        places = [f.places(points[:, at]) for at, f in enumerate(self.settings)]
        kinds, kind = np.unique(
            np.column_stack([*places, np.zeros(len(points), dtype=np.int64)]), axis=0, return_inverse=True
        )
        for number, of_kind in enumerate(kinds):
            rows = np.flatnonzero(kind.ravel() == number)
            chosen = {f.name: f.values[of_kind[at]] for at, f in enumerate(self.settings)}
            base = str(chosen.pop("hw", self.base))
            numbers = dict[str, FloatArray]()
            for at, field in enumerate(self.numbers):
                numbers |= field.numbers(base, points[rows, across + at])
            yield DesignGroup(rows=rows, base=base, settings=chosen, numbers=numbers)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ListedDesigns:
    """Designs that a file lists one by one: settings and changes of the accelerator."""

    settings: Sequence[Mapping[str, Value]]
    changes: Sequence[Mapping[str, Value]]
    bases: Mapping[str, Accelerator]
    base: str

    def __len__(self) -> int:
        """Number of designs."""
        return len(self.settings)

    def groups(self, start: int, stop: int) -> Iterator[DesignGroup]:
        """Designs of some indices, by their settings and by the paths that they change."""
        alike: dict[tuple[object, ...], list[tuple[int, dict[str, float]]]] = {}
        for at in range(start, stop):
            base = str(self.settings[at].get("hw", self.base))
            changes = [f"{path}={value}" for path, value in self.changes[at].items()]
            numbers = changed_numbers(self.bases[base], changes) if changes else {}
            alike.setdefault((*sorted(self.settings[at].items()), base, *sorted(numbers)), []).append((at, numbers))
        for members in alike.values():
            first = members[0][0]
            yield DesignGroup(
                rows=np.array([at - start for at, _ in members]),
                base=str(self.settings[first].get("hw", self.base)),
                settings={name: value for name, value in self.settings[first].items() if name != "hw"},
                numbers={path: np.array([numbers[path] for _, numbers in members]) for path in members[0][1]},
            )
