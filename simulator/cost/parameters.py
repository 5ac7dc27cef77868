"""Free parameters of the calibrated cost model: a dataclass of them for each group, and their names in files.

Everything else in the cost model is derived from the datasheet. Most parameters are shares of a datasheet quantity, so
that they carry over from one accelerator to the next; times are of launch and memory pipeline.

Inside, a parameter is a field of its group's dataclass. In calibration files, and wherever parameters of several groups
are listed together, it is called ``group.name``; the two meet in :func:`parameter_records` and :func:`with_values`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Declaration",
    "Follows",
    "Parameter",
    "ParameterError",
    "Parameters",
    "floor_parameter",
    "named_parameters",
    "parameter",
    "parameter_records",
    "records_of_columns",
    "value_of",
    "with_values",
]

FloatArray = NDArray[np.float64]


class ParameterError(ValueError):
    """A calibration names a parameter that does not exist, or a value outside its physical range."""


#: Least distance to the ends of a physical range that a logit is taken at, over the range. [1]
_CLOSE = 0.02


class Follows(enum.Enum):
    """What of an accelerator a parameter follows when another accelerator inherits it."""

    NOTHING = enum.auto()
    HOST = enum.auto()
    """The machine that it was measured in, which another accelerator is not in: it gets the default there."""
    COPY_SHARE = enum.auto()
    LATENCY = enum.auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What is known of a parameter before any fit.

    Attributes
    ----------
    unit : str
    default : float
        Value without any calibration.
    lower, upper : float
        Physical range; a fit stays inside it and a calibration outside it is refused.
    meaning : str
    follows : Follows
        How it is inherited.
    cache_accesses, dram_accesses : float
        Accesses in a duration that wait for one another, to the cache that all cores share and to the DRAM. [1]
    observed : bool
        Whether it is what an observation on one device says, and no fit to published tables changes it: fitted to
        another device it takes in what is none of it. A campaign on a machine at hand may tell it.
    """

    unit: str
    default: float
    lower: float
    upper: float
    meaning: str
    follows: Follows = Follows.NOTHING
    cache_accesses: float = 0.0
    dram_accesses: float = 0.0
    observed: bool = False

    def moved(self, values: FloatArray, step: float) -> FloatArray:
        """Values some logits further along the physical range; those at its ends start from close to them.

        What lies beyond the range is no value of the parameter but its absence, and stays; and so does the lower end
        where that is the default of what only an observation tells: kernels on which nobody saw it have none of it.
        """
        width = self.upper - self.lower
        share = np.clip((values - self.lower) / width, _CLOSE, 1.0 - _CLOSE)
        reached = self.lower + width / (1.0 + (1.0 - share) / share * np.exp(-step))
        absent = (values < self.lower) | (values > self.upper)
        if self.observed and self.default == self.lower:
            absent |= values == self.lower
        return np.where(absent, values, reached)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter(Declaration):
    """One free parameter.

    Attributes
    ----------
    name : str
        ``group.name``.
    """

    name: str

    @property
    def group(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]


def parameter(
    default: float,
    unit: str,
    lower: float,
    upper: float,
    meaning: str,
    *,
    follows: Follows = Follows.NOTHING,
    observed: bool = False,
) -> Any:
    """A field of a dataclass of parameters."""
    declaration = Declaration(
        unit=unit,
        default=default,
        lower=lower,
        upper=upper,
        meaning=meaning,
        follows=follows,
        observed=observed,
    )
    return field(metadata={"declaration": declaration})


def floor_parameter(
    default: float,
    *,
    cache: float = 0.0,
    dram: float = 0.0,
    lower: float = 0.0,
    upper: float = 2e-5,
    observed: bool = False,
) -> Any:
    """Shortest duration of a kernel, with the accesses in it that wait for one another. [s]"""
    declaration = Declaration(
        unit="s",
        default=default,
        lower=lower,
        upper=upper,
        meaning="shortest duration",
        follows=Follows.LATENCY,
        cache_accesses=cache,
        dram_accesses=dram,
        observed=observed,
    )
    return field(metadata={"declaration": declaration})


@dataclass(frozen=True, eq=False, kw_only=True)
class Parameters:
    """Parameters of one group; every field is an array of shape (num_accelerators,)."""

    @classmethod
    @cache
    def declarations(cls) -> Mapping[str, Declaration]:
        """Declaration of each parameter by its name inside the group."""
        return {f.name: f.metadata["declaration"] for f in fields(cls)}

    @classmethod
    def usual(cls, count: int) -> Self:
        """Defaults for a number of accelerators."""
        return cls(**{name: np.full(count, declaration.default) for name, declaration in cls.declarations().items()})

    def select(self, columns: NDArray[np.int64]) -> Self:
        """Parameters of some accelerators, by position."""
        return type(self)(**{name: getattr(self, name)[columns] for name in self.declarations()})

    def along(self, axis: int, ndim: int) -> Self:
        """The same parameters as arrays of `ndim` axes, with the accelerators along one of them."""
        shape = tuple(-1 if i == axis else 1 for i in range(ndim))
        return type(self)(**{name: getattr(self, name).reshape(shape) for name in self.declarations()})


Record = TypeVar("Record", bound=Parameters)


def named_parameters(group: str, kind: type[Parameters]) -> Iterable[Parameter]:
    """Parameters of a group under the names that files use."""
    for name, declaration in kind.declarations().items():
        values = {f.name: getattr(declaration, f.name) for f in fields(declaration)}
        yield Parameter(name=f"{group}.{name}", **values)


def parameter_records(
    kinds: Mapping[str, type[Parameters]], rows: Sequence[Mapping[str, float]]
) -> dict[str, Parameters]:
    """Records of all groups from one mapping of ``group.name`` per accelerator; missing names take the default.

    Parameters
    ----------
    kinds : mapping of str to type of Parameters
        Groups with the dataclass of their parameters.
    rows : sequence of mapping
        One entry an accelerator.

    Raises
    ------
    ParameterError
        For an unknown name or a value outside the range.
    """
    for row in rows:
        for name, value in row.items():
            _check(kinds, name, value)
    return {group: _record(kind, group, rows) for group, kind in kinds.items()}


def _record(kind: type[Record], group: str, rows: Sequence[Mapping[str, float]]) -> Record:
    return kind(
        **{
            name: np.array([row.get(f"{group}.{name}", declaration.default) for row in rows], dtype=np.float64)
            for name, declaration in kind.declarations().items()
        }
    )


def records_of_columns(
    kinds: Mapping[str, type[Parameters]], values: Mapping[str, float | FloatArray], count: int
) -> dict[str, Parameters]:
    """Records of all groups from a value, or an array of shape (count,), of every ``group.name``."""
    return {
        group: kind(**{name: np.broadcast_to(values[f"{group}.{name}"], (count,)) for name in kind.declarations()})
        for group, kind in kinds.items()
    }


def with_values(records: Mapping[str, Parameters], values: Mapping[str, float]) -> dict[str, Parameters]:
    """Records with some parameters, by ``group.name``, set to one value each.

    Raises
    ------
    ParameterError
        For an unknown name.
    """
    changes: dict[str, dict[str, FloatArray]] = {}
    for key, value in values.items():
        group, _, name = key.partition(".")
        changes.setdefault(group, {})[name] = np.full_like(value_of(records, key), value)
    return {**records, **{group: replace(records[group], **own) for group, own in changes.items()}}


def value_of(records: Mapping[str, Parameters], key: str) -> FloatArray:
    """One parameter by its ``group.name``.

    Raises
    ------
    ParameterError
        For an unknown name.
    """
    group, _, name = key.partition(".")
    if group not in records or name not in records[group].declarations():
        raise _unknown(key, records)
    value: FloatArray = getattr(records[group], name)
    return value


def _check(kinds: Mapping[str, type[Parameters]], key: str, value: float) -> None:
    group, _, name = key.partition(".")
    declaration = kinds[group].declarations().get(name) if group in kinds else None
    if declaration is None:
        raise _unknown(key, kinds)
    if not declaration.lower <= value <= declaration.upper:
        bounds = f"[{declaration.lower:g}, {declaration.upper:g}] {declaration.unit}"
        raise ParameterError(f"{key} = {value:g} is outside its physical range {bounds}")


def _unknown(key: str, groups: Iterable[str]) -> ParameterError:
    return ParameterError(f"unknown cost parameter {key!r}; groups are {', '.join(groups)}")
