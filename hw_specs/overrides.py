"""Changing single values of an accelerator: what if it had twice the bandwidth, 132 cores, more cache?"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from .errors import SpecError
from .reading.explain import explain
from .reading.fields import lookup, number_units
from .schema import Accelerator
from .terminal.meanings import did_you_mean
from .units.strings import SI_UNITS, parse_quantity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "apply_overrides",
    "change_text",
    "changeable_paths",
    "changed_numbers",
    "present_numbers",
    "with_followers",
]

_GROUPS = ("peak", "cores", "memory", "links", "power")
#: Paths that are changed most, and how many are shown of those below one.
_USUAL = (
    "memory.dram.bandwidth",
    "memory.l2.capacity",
    "peak.matrix.fp16",
    "cores.count",
    "cores.clock",
    "power.board",
)
_SHOWN = 3
_RATES = ("peak.matrix", "peak.vector", "peak.special")
_CLOCKED_LEVELS = ("memory.registers", "memory.shared", "memory.l2")
_FACTOR = re.compile(r"(\d{1,20}\.?\d{0,40}(?:[eE][+-]?\d{1,3})?|\.\d{1,40})\s*[x×]")

_FOLLOWERS: dict[str, tuple[tuple[str, int], ...]] = {
    "cores.count": tuple((rates, 1) for rates in _RATES),
    "cores.clock": (
        *((rates, 1) for rates in _RATES),
        ("cores.matrix_clock", 1),
        *((f"{level}.bandwidth", 1) for level in _CLOCKED_LEVELS),
        *((f"{level}.measured_bandwidth", 1) for level in _CLOCKED_LEVELS),
        *((f"{level}.latency", -1) for level in _CLOCKED_LEVELS),
    ),
    "cores.matrix_clock": (("peak.matrix", 1),),
    **{
        f"memory.{level}.bandwidth": ((f"memory.{level}.measured_bandwidth", 1),)
        for level in ("registers", "shared", "l2", "llc", "dram")
    },
}
"""What else moves with a value, and with which power of its ratio."""

_Values = Mapping[str, float]
#: A number, or one of each of some variants.
_Number = TypeVar("_Number", float, "float | NDArray[np.float64]")


@dataclass(frozen=True, kw_only=True)
class _Change:
    """One ``path=value`` as written, taken apart."""

    path: str
    value: str


def apply_overrides(accelerator: Accelerator, changes: Sequence[str]) -> Accelerator:
    """Accelerator with values changed; either all changes are made or none.

    Parameters
    ----------
    accelerator
        What to start from; it is left as it is.
    changes
        ``path=value`` with the value one of: a factor (``memory.dram.bandwidth=2x``), a unit string
        (``peak.matrix.bf16=1 PFLOP/s``), a signed unit string to add (``memory.l2.capacity=+20 MiB``), or an
        integer where a count is due (``cores.count=132``). ``peak.matrix``, ``peak.vector`` and
        ``peak.special`` take a factor for all their formats. ``clk`` is the clock before the change.

    Returns
    -------
    Accelerator
        Marked hypothetical, with the changes in its name and among its sources; the same one if no value moves.

    Raises
    ------
    SpecError
        If a path is unknown or given twice, or a value is not valid there.

    Notes
    -----
    Values that depend on a changed one follow it, unless the same call sets them:

    - ``cores.count`` multiplies all peaks by its ratio: cores stay as fast as they were, so that more of them
      never make a slower chip. What belongs to one core, and shared cache and DRAM, stay.
    - ``cores.clock`` multiplies all peaks, the other clocks, and the bandwidths of registers, shared memory
      and L2, and divides their latencies. DRAM, last-level cache and links have clocks of their own and stay.
    - ``cores.matrix_clock`` multiplies the matrix peaks.
    - ``bandwidth`` of a memory level takes ``measured_bandwidth`` along.
    """
    if not changes:
        return accelerator
    parsed = [_parse(change) for change in changes]
    units = changeable_paths(accelerator)
    values = _present(accelerator, units)
    changed = with_followers(values, _chosen(accelerator, parsed, values, units))
    return accelerator if changed == values else _rebuild(accelerator, changed, parsed)


def changed_numbers(accelerator: Accelerator, changes: Sequence[str]) -> dict[str, float]:
    """Numbers that some changes give, by path, without those that follow them; in SI units.

    Parameters and errors are those of :func:`apply_overrides`.
    """
    units = changeable_paths(accelerator)
    return _chosen(accelerator, [_parse(change) for change in changes], _present(accelerator, units), units)


def _chosen(
    accelerator: Accelerator, changes: Sequence[_Change], values: _Values, units: Mapping[str, str]
) -> dict[str, float]:
    chosen = dict[str, float]()
    for change in changes:
        for path, value in _resolve(change, values, units, clock=accelerator.cores.clock):
            if path in chosen:
                raise SpecError(f"change {change.path}: sets {path} a second time; give each path once")
            if not 0 < value < math.inf:
                raise SpecError(f"change {change.path}: {change.value!r} gives {value:g}; give a positive value")
            chosen[path] = value
    return chosen


def changeable_paths(accelerator: Accelerator) -> dict[str, str]:
    """Dotted paths of the numbers that can be changed, with their SI units; a count has an empty unit."""
    return {path: unit for path, unit in number_units(accelerator) if path.startswith(_GROUPS)}


def change_text(path: str, value: float, unit: str) -> str:
    """``path=value`` that gives just this number, in the SI unit of the path (a count has none)."""
    if not unit:
        return f"{path}={round(value)}"
    return f"{path}={float(value)!r}{'' if unit == '1' else f' {unit}'}"


def _parse(change: str) -> _Change:
    path, _, value = (part.strip() for part in change.partition("="))
    if not path or not value:
        raise SpecError(f"change {change!r}: is not 'path=value'; write it as 'memory.dram.bandwidth=2x'")
    return _Change(path=path, value=value)


def present_numbers(accelerator: Accelerator) -> dict[str, float]:
    """Numbers that an accelerator has and that can be changed, by path, in SI units."""
    return _present(accelerator, changeable_paths(accelerator))


def _present(accelerator: Accelerator, paths: Iterable[str]) -> dict[str, float]:
    """Numbers that it has at some paths."""
    tree = accelerator.model_dump()
    found = ((path, lookup(tree, path)) for path in paths)
    return {path: value for path, value in found if value is not None}


def _resolve(
    change: _Change, values: _Values, units: Mapping[str, str], *, clock: float
) -> Iterator[tuple[str, float]]:
    """Paths and new values of one change."""
    factor = _FACTOR.fullmatch(change.value)
    targets = [path for path in values if path.startswith(f"{change.path}.")]
    if change.path in _RATES and factor and targets:
        yield from ((path, values[path] * float(factor[1])) for path in targets)
    elif change.path in _RATES:
        raise SpecError(f"change {change.path}: {change.value!r} is no factor; write '2x' or name a format")
    elif change.path not in units:
        raise SpecError(f"change {change.path}: unknown path{_path_hint(change.path, values, units)}")
    elif factor:
        yield change.path, _scaled(change, values, units, float(factor[1]))
    elif not units[change.path]:
        yield change.path, _count(change)
    else:
        yield change.path, _quantity(change, values, units[change.path], clock=clock)


def _path_hint(path: str, values: _Values, units: Mapping[str, str]) -> str:
    below = sorted((name for name in values if name.startswith(f"{path}.")), key=lambda name: name not in _USUAL)
    if below:
        return f"; did you mean {' or '.join(map(repr, below[:_SHOWN]))}{' ...' if len(below) > _SHOWN else ''}?"
    hint = did_you_mean(path, [*values, *_RATES]) or did_you_mean(path, units)
    return hint or f"; valid are paths such as {', '.join(name for name in _USUAL if name in values)}"


def _scaled(change: _Change, values: _Values, units: Mapping[str, str], factor: float) -> float:
    if change.path not in values:
        example = _example(units[change.path])
        raise SpecError(f"change {change.path}: no value to multiply; set it as {example}")
    value = float(values[change.path] * factor)
    if not units[change.path] and not value.is_integer():
        raise SpecError(f"change {change.path}: {change.value} gives {value:g}; give a whole number")
    return value if units[change.path] else int(value)


def _count(change: _Change) -> float:
    if not re.fullmatch(r"\d{1,9}", change.value):
        raise SpecError(f"change {change.path}: {change.value!r} is no count; write it as '132' or '2x'")
    return int(change.value)


def _quantity(change: _Change, values: _Values, unit: str, *, clock: float) -> float:
    if _FACTOR.fullmatch(change.value.lstrip("+-")):
        raise SpecError(f"change {change.path}: {change.value!r} is no factor: give a positive one, as '2x' or '0.5x'")
    try:
        value = parse_quantity(change.value, unit=unit, clock=clock)
    except SpecError as error:
        raise SpecError(f"change {change.path}: {error} or '2x'") from error
    if change.value[0] not in "+-":
        return value
    if change.path not in values:
        raise SpecError(f"change {change.path}: no value to add to; set it as {_example(unit)}")
    return values[change.path] + value


def _example(unit: str) -> str:
    return repr(SI_UNITS[unit]) if unit else "'132'"


def with_followers(values: _Values, chosen: Mapping[str, _Number]) -> dict[str, _Number]:
    """Numbers of an accelerator with the chosen ones in place of its own, and those that move along with them.

    Parameters
    ----------
    values : mapping of str to float
        Of the accelerator, by path (:func:`present_numbers`).
    chosen : mapping of str to float, or to array of shape (num_variants,)
        Other numbers by path.
    """
    result: dict[str, _Number] = dict(values)
    for path, value in chosen.items():
        ratio = value / values[path] if path in values else 1.0
        for follower, power in _FOLLOWERS.get(path, ()):
            if not _has_nearer_driver(follower, path, chosen):
                for name in _named(follower, values):
                    result[name] = result[name] * ratio**power
    return result | dict(chosen)


def _has_nearer_driver(follower: str, driver: str, chosen: Iterable[str]) -> bool:
    """Whether something between the two is chosen too: with both clocks set, matrix peaks follow theirs."""
    between = {name for name, _ in _FOLLOWERS[driver] if name in chosen}
    return any(follower == name for step in between for name, _ in _FOLLOWERS.get(step, ()))


def _named(path: str, values: _Values) -> list[str]:
    """The path itself where it is a number, else the numbers below it."""
    return [name for name in values if name == path or name.startswith(f"{path}.")]


def _rebuild(accelerator: Accelerator, values: _Values, changes: Sequence[_Change]) -> Accelerator:
    tree = accelerator.model_dump()
    for path, value in values.items():
        *parents, leaf = path.split(".")
        node = tree
        for part in parents:
            node[part] = node.get(part) or {}
            node = node[part]
        node[leaf] = value
    texts = [f"{change.path}={change.value}" for change in changes]
    tree["name"] = f"{accelerator.name} ({', '.join(texts)})"
    tree["sources"] = (*accelerator.sources, f"changed by hand: {', '.join(texts)}")
    tree["based_on"] = accelerator.based_on or accelerator.name
    tree["aliases"] = ()
    tree["hypothetical"] = True
    try:
        changed = Accelerator.model_validate(tree, context={"traits": accelerator.traits})
    except ValidationError as error:
        raise explain(error, model=Accelerator, where=f"changes to {accelerator.name}") from error
    return changed.changed_from(accelerator.product or accelerator)
