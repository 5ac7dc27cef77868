"""The map of single kernels in tables of published figures, which ``kernels.yaml`` holds."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Self

import pydantic

from hw_specs import SpecError
from hw_specs.reading.explain import read_model
from validation.measured.records import MeasurementError
from validation.published.entries import Entry, Text

__all__ = ["KERNELS", "Call", "KernelMap", "Rate", "load_kernels", "product_of", "written_with"]

KERNELS = Path(__file__).parent / "kernels.yaml"

#: A number, a truth, or the name of a number.
Term = int | bool | str
Terms = tuple[Term, ...]


class Rate(Entry):
    """Work that a rate of one does in a second, by the name of its metric."""

    unit: Annotated[float, pydantic.Field(gt=0)]
    """[FLOP/s]"""


class Call(Entry):
    """Operator call of a row, by what it says; numbers are those by name that the pattern's groups and columns hold."""

    refuse: str = ""
    """Why such rows are not predicted."""
    source: str = ""
    """Of :mod:`validation.measured.sources`."""
    op: str = ""
    shapes: tuple[Terms, ...] = ()
    axes: tuple[int, ...] = ()
    """Axes of each tensor as they lie in memory, the outermost first; in their own order by default."""
    attributes: Mapping[Text, Term | Terms] = pydantic.Field(default_factory=dict)
    flops: Terms = ()
    """Factors of the work that a rate counts."""

    @pydantic.model_validator(mode="after")
    def _calls_or_refuses(self) -> Self:
        if bool(self.refuse) == bool(self.op and self.shapes and self.source and self.flops):
            raise ValueError("give either refuse, or source, op, shapes and flops")
        return self


class KernelMap(pydantic.BaseModel):
    """The whole map; lists in the order in which they are tried."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    rates: tuple[Rate, ...]
    calls: tuple[Call, ...]


def written_with(terms: Sequence[Term], numbers: Mapping[str, int]) -> list[int]:
    """Numbers that some terms stand for.

    Raises
    ------
    LookupError
        A name is that of no number.
    """
    return [numbers[term] if isinstance(term, str) else int(term) for term in terms]


def product_of(terms: Sequence[Term], numbers: Mapping[str, int]) -> float:
    """Product of what some terms stand for. Raises as :func:`written_with`."""
    return float(math.prod(written_with(terms, numbers)))


@functools.cache
def load_kernels(path: Path = KERNELS) -> KernelMap:
    """Map of a YAML file.

    Raises
    ------
    MeasurementError
        The file cannot be read, or a line is not what it must be.
    """
    try:
        return read_model(path, KernelMap)
    except SpecError as error:
        raise MeasurementError(str(error), error.complaints) from error
