"""A scheme of quantisation as its file states it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from hw_specs.reading.record import Count, Record, Text

__all__ = [
    "ACTIVATION",
    "BIAS",
    "INPUT",
    "OUTPUT",
    "Layers",
    "Recipe",
    "Scheme",
    "Sizes",
    "Step",
    "TensorForm",
]

#: Tensors that a layer has whatever the scheme, and the dtype of its input.
INPUT, BIAS, OUTPUT, ACTIVATION = "x", "bias", "y", "activation"
_GIVEN = frozenset({INPUT, BIAS, OUTPUT})

_EXTENT = re.compile(r"(?:\d+|[mnk])(?:[*/](?:\d+|[mnk]))*")
_FACTOR = re.compile(r"([*/]?)(\d+|[mnk])")


def _checked_extent(text: str) -> str:
    if not _EXTENT.fullmatch(text):
        raise ValueError(f"{text!r} is no extent; valid: products and quotients of m, n, k and numbers, as k/32")
    return text


Extent = Annotated[str, BeforeValidator(str), AfterValidator(_checked_extent)]


class Sizes(NamedTuple):
    """Rows of a layer's input, its outputs and its inputs. [1]"""

    m: int
    n: int
    k: int


class TensorForm(Record):
    """Shape and dtype of a tensor, for a layer with ``m`` rows, ``n`` outputs and ``k`` inputs.

    ``dtype`` is torch's name, or ``activation`` for that of the layer's input. Weights that are packed into fewer bits
    than a dtype of torch has are bytes.
    """

    shape: tuple[Extent, ...]
    dtype: Text = ACTIVATION

    def extents(self, sizes: Sizes) -> tuple[int, ...]:
        """Shape for a layer; parts of an element count as one."""
        return tuple(_extent(text, sizes) for text in self.shape)


def _extent(text: str, sizes: Sizes) -> int:
    value = 1.0
    for sign, factor in _FACTOR.findall(text):
        number = float(factor) if factor.isdigit() else float(getattr(sizes, factor))
        value = value / number if sign == "/" else value * number
    return math.ceil(value)


class Layers(Record):
    """Which linear layers a scheme changes; all others stay in the format of the run."""

    least_inputs: Count = 1
    """Inputs that a layer has at least."""
    multiple_of: Count = 1
    """What its inputs and outputs are multiples of."""
    inputs_multiple_of: Count = 1
    """What its inputs are multiples of."""
    outputs_multiple_of: Count = 1
    """What its outputs are multiples of."""
    excluded: tuple[tuple[Count, Count], ...] = ()
    """Inputs and outputs of layers that stay."""
    kept: tuple[Text, ...] = ()
    """Last names of modules that stay."""

    def takes(self, *, inputs: int, outputs: int, module: str) -> bool:
        """Whether a layer is changed."""
        if inputs < self.least_inputs or inputs % self.multiple_of or outputs % self.multiple_of:
            return False
        if inputs % self.inputs_multiple_of or outputs % self.outputs_multiple_of:
            return False
        return (inputs, outputs) not in self.excluded and module.rpartition(".")[2] not in self.kept


def _several(names: object) -> object:
    """One name is a list of it."""
    return (names,) if isinstance(names, str) else names


class Step(Record):
    """One operator that a library calls in place of a linear layer.

    It writes one tensor, or several: ``writes: [q, step]`` where a kernel quantises and says by which scales.
    A tensor that is read under its name and a question mark is left out where the layer has none; a step that reads a
    bias without one is skipped where there is none.
    """

    call: Text
    reads: tuple[Text, ...]
    writes: Annotated[tuple[Text, ...], Field(min_length=1), BeforeValidator(_several)]
    attributes: Mapping[Text, bool | int | float | str] = Field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Tensors that it reads, by their names."""
        return tuple(name.removesuffix("?") for name in self.reads)


class Recipe(Record):
    """Operators in place of a linear layer, where they apply: under some execution, for inputs of few rows."""

    compiled: bool | None = None
    """Whether a compiler makes the kernels; either where it is not said."""
    most_rows: Count | None = None
    """Rows of the input up to which it applies."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    def applies(self, *, compiled: bool, rows: int) -> bool:
        """Whether a layer with so many rows runs by it."""
        return self.compiled in (None, compiled) and (self.most_rows is None or rows <= self.most_rows)


class Scheme(Record):
    """A scheme.

    Attributes
    ----------
    name, title : str
    needs : tuple of str
        Number formats that an accelerator must multiply matrices in.
    layers : Layers
    weights : mapping of str to TensorForm
        What a layer keeps in place of its weight: the quantised one, its scales and zero points.
    tensors : mapping of str to TensorForm
        What the steps write on their way.
    recipes : tuple of Recipe
        In the order in which they are tried; the last one applies everywhere.
    unchecked : str
        What no table measures of it; empty where published runs check it.
    sources : tuple of str
    """

    name: Text
    title: Text
    needs: tuple[Text, ...] = ()
    layers: Layers = Layers()
    weights: Mapping[Text, TensorForm]
    tensors: Mapping[Text, TensorForm] = Field(default_factory=dict)
    recipes: Annotated[tuple[Recipe, ...], Field(min_length=1)]
    unchecked: str = ""
    sources: Annotated[tuple[Text, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        known = {*_GIVEN, *self.weights, *self.tensors}
        named = {n for recipe in self.recipes for step in recipe.steps for n in (*step.names, *step.writes)}
        if named - known:
            raise ValueError(f"steps name {', '.join(sorted(named - known))}, which weights and tensors do not have")
        for recipe in self.recipes:
            self._runs(recipe)
        last = self.recipes[-1]
        if last.compiled is not None or last.most_rows is not None:
            raise ValueError("the last recipe must apply everywhere")
        return self

    def _runs(self, recipe: Recipe) -> None:
        """Refuse a step that reads what no step before it has written, and steps that do not end in the output."""
        there = {*_GIVEN, *self.weights} - {OUTPUT}
        for number, step in enumerate(recipe.steps, start=1):
            if missing := sorted(set(step.names) - there):
                raise ValueError(
                    f"step {number} ({step.call}) reads {', '.join(missing)}, which no step before it writes"
                )
            there.update(step.writes)
        if OUTPUT not in there:
            raise ValueError(f"no step writes {OUTPUT}")

    def recipe(self, *, compiled: bool, rows: int) -> Recipe:
        """What a layer with so many rows runs by."""
        return next(recipe for recipe in self.recipes if recipe.applies(compiled=compiled, rows=rows))

    def to_dict(self) -> dict[str, Any]:
        """What a report says of it."""
        return {"name": self.name, "title": self.title, "unchecked": self.unchecked}
