"""Fields of a study: what varies, and the values that a coordinate of the unit interval stands for.

A field is a number of the accelerator, under the path that ``--set`` takes (or all rates of ``peak.matrix`` and its
kind, as a factor), or a setting of the workload or its execution, under the name that ``whatif compare`` takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, SpecError, changeable_paths
from hw_specs.overrides import changed_numbers, present_numbers
from simulator.execution import FRAMEWORKS_CHOICE, OFFLOADS, Execution, ExecutionError
from simulator.hosts.catalogue import load_host
from simulator.parallel.scheme import Scheme, SchemeError
from simulator.quantization import UNQUANTIZED
from simulator.reference import ComparedRunError, typed_changes
from simulator.software import SoftwareError, load_software
from simulator.whatif.setups import AXES

from .file import Range, Value

__all__ = [
    "SETTINGS",
    "Axis",
    "NumberField",
    "SettingField",
    "checked_setting",
    "number_field",
    "setting_field",
    "setting_name",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Settings that a field may have: those of a run, and the accelerator by its name.
SETTINGS = ("hw", *AXES)

# Whole numbers of a range that are tried one by one, each of which is a workload to trace.
_MOST_SETTINGS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Values of one number of an accelerator.

    Attributes
    ----------
    values : tuple of float
        The two ends of a range, or every value of a list. [SI unit of the path]
    choice : bool
        Whether they are a list.
    logarithmic, whole : bool
        Whether equal ratios count alike in a range, and whether only whole numbers are values.
    levels : int or None
        Of a range in a grid.
    """

    values: tuple[float, ...]
    choice: bool
    logarithmic: bool = False
    whole: bool = False
    levels: int | None = None

    def at(self, coordinate: FloatArray) -> FloatArray:
        """Values at some coordinates of [0, 1)."""
        if self.choice:
            return np.array(self.values)[_place(coordinate, len(self.values))]
        low, high = self.values
        if self.levels is not None:
            coordinate = _place(coordinate, self.levels) / max(self.levels - 1, 1)
        elif self.whole and not self.logarithmic:
            return low + np.floor(coordinate * (high - low + 1))
        between = low * (high / low) ** coordinate if self.logarithmic else low + coordinate * (high - low)
        inside = np.clip(between, low, high)
        return np.round(inside) if self.whole else inside


def _place(coordinate: FloatArray, count: int) -> IntArray:
    """Which of some equal parts of [0, 1) each coordinate lies in."""
    return np.minimum((coordinate * count).astype(np.int64), count - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberField:
    """A number of the accelerator, or a group of rates that share a factor.

    Attributes
    ----------
    name : str
    unit : str
        SI unit of its values; ``1`` of a factor, empty of a count.
    axes : mapping of str to mapping of str to Axis
        By name of the accelerator that designs start from, and by path.
    present : mapping of str to float
        By name of that accelerator, what a factor multiplies.
    """

    name: str
    unit: str
    axes: Mapping[str, Mapping[str, Axis]]
    present: Mapping[str, float]

    @property
    def levels(self) -> int | None:
        """Levels in a grid, None where it says none."""
        axis = next(iter(next(iter(self.axes.values())).values()))
        return len(axis.values) if axis.choice else axis.levels

    def numbers(self, base: str, coordinate: FloatArray) -> dict[str, FloatArray]:
        """Numbers by path at some coordinates."""
        return {path: axis.at(coordinate) for path, axis in self.axes[base].items()}

    def shown(self, base: str, numbers: Mapping[str, FloatArray]) -> FloatArray:
        """Values of the field itself, given the numbers."""
        path = next(iter(self.axes[base]))
        return numbers[path] if path == self.name else numbers[path] / self.present[base]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingField:
    """A setting of the workload or its execution, or the accelerator by its name."""

    name: str
    values: tuple[Value, ...]

    @property
    def levels(self) -> int:
        """Levels in a grid."""
        return len(self.values)

    def places(self, coordinate: FloatArray) -> IntArray:
        """Positions of the values at some coordinates."""
        return _place(coordinate, len(self.values))


def setting_name(name: str) -> str | None:
    """Setting that a name of a field stands for, None where it is none."""
    plain = name.replace("-", "_")
    return plain if plain in SETTINGS else None


def setting_field(name: str, given: Range | Sequence[Value]) -> SettingField:
    """Field of a setting. Raises SpecError where a value is none that the setting can have."""
    values = _whole_numbers(name, given) if isinstance(given, Range) else tuple(given)
    for value in values:
        checked_setting(name, value)
    return SettingField(name=name, values=values)


def checked_setting(name: str, value: Value) -> None:
    """Refuse what a setting cannot have. Raises SpecError."""
    if name == "hw":
        return
    try:
        run = typed_changes({name: value}).run
        Execution(
            mode=run.get("execution", "eager"),
            attention=run.get("attention", FRAMEWORKS_CHOICE),
            offload=run.get("offload", OFFLOADS[0]),
            quantize=run.get("quantize", UNQUANTIZED),
            parallel=Scheme.parse(run.get("parallel", "")),
        )
        load_software(run.get("software", ""))
    except (ComparedRunError, ExecutionError, SchemeError, SoftwareError) as error:
        raise SpecError(str(error)) from error
    if "host" in run:
        load_host(run["host"])


def _whole_numbers(name: str, given: Range) -> tuple[int, ...]:
    low, high = given.low, given.high
    if not (isinstance(low, int) and isinstance(high, int) and 0 < low <= high):
        raise SpecError(f"a range of {name} takes whole numbers, low to high; or list the values as [1, 2, 4]")
    count = given.points or high - low + 1
    if count > _MOST_SETTINGS:
        raise SpecError(f"{count} values, each of which is a workload to trace; give points: {_MOST_SETTINGS} or fewer")
    space = np.geomspace if given.scale == "log" else np.linspace
    return tuple(dict.fromkeys(int(value) for value in np.round(space(low, high, count))))


def number_field(name: str, given: Range | Sequence[Value], bases: Mapping[str, Accelerator]) -> NumberField:
    """Field of a number of the accelerators that designs start from.

    Raises
    ------
    SpecError
        As :func:`hw_specs.apply_overrides`, for what the path and its values can be; or a range that is upside down.
    """
    values = (given.low, given.high) if isinstance(given, Range) else tuple(given)
    axes, present = dict[str, dict[str, Axis]](), dict[str, float]()
    unit = "1"
    for base, accelerator in bases.items():
        found = [changed_numbers(accelerator, [f"{name}={value}"]) for value in values]
        units = changeable_paths(accelerator)
        axes[base] = {path: _axis(given, tuple(v[path] for v in found), whole=not units[path]) for path in found[0]}
        path = next(iter(found[0]))
        present[base] = present_numbers(accelerator).get(path, 1.0)
        unit = units.get(name, "1")
    return NumberField(name=name, unit=unit, axes=axes, present=present)


def _axis(given: Range | Sequence[Value], values: tuple[float, ...], *, whole: bool) -> Axis:
    if not isinstance(given, Range):
        return Axis(values=values, choice=True, whole=whole)
    if values[0] > values[1]:
        raise SpecError(f"low {given.low!r} is above high {given.high!r}; exchange them")
    return Axis(values=values, choice=False, logarithmic=given.scale == "log", whole=whole, levels=given.points)
