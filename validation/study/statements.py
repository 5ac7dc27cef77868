"""What a study states, where it was read, and the numbers of ours that would agree."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, Self

import pydantic

__all__ = ["Argument", "Bounds", "Definition", "Measure", "Statement", "Verdict"]

#: ``explained``: our reading disagrees, and another definition of the same words, shown with its figure, agrees.
Verdict = Literal["agree", "explained", "disagree", "untestable"]
Text = Annotated[str, pydantic.Field(min_length=1)]
Argument = str | tuple[str, ...] | dict[str, str]


class _Record(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Bounds(_Record):
    """Where a number must lie; what is not given does not bound it."""

    above: float | None = None
    below: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    equals: float | None = None

    @pydantic.model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if all(value is None for _, value in self):
            raise ValueError(f"give one of {', '.join(type(self).model_fields)}")
        return self

    def hold(self, value: float) -> bool:
        """Whether a number lies there; no bound holds for one that is not a number."""
        return (
            (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
            and (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
            and (self.equals is None or math.isclose(value, self.equals, rel_tol=1e-9))
            and not math.isnan(value)
        )

    def __str__(self) -> str:
        """For people: ``at least 1.1, at most 2.5``."""
        given = ((name.replace("_", " "), value) for name, value in self if value is not None)
        return ", ".join(f"{name} {value:g}" for name, value in given)


class Measure(_Record):
    """What is computed from the tables of the study to judge a statement."""

    judge: Text
    """Function of :mod:`validation.study.judges`."""
    arguments: dict[str, Argument] = pydantic.Field(default_factory=dict, alias="with")


class Definition(_Record):
    """Another way to understand a statement, and what of ours is held against it then.

    Attributes
    ----------
    text : str
        What is meant, in words.
    measure : Measure
    criterion : mapping of str to Bounds
        Where each number of the measure must lie for us to agree under this definition.
    """

    text: Text
    measure: Measure
    criterion: Mapping[str, Bounds] = pydantic.Field(min_length=1)

    def holds(self, values: Mapping[str, float]) -> bool:
        """Whether the numbers of the measure lie where they must. Raises as :meth:`Statement.verdict`."""
        return all(bounds.hold(values[name]) for name, bounds in self.criterion.items())


class Statement(_Record):
    """What a study states, as a public page has it.

    Attributes
    ----------
    id : str
        Short name for lists.
    section : str
        Section that discusses it.
    claim, paper : str
        The statement, and its figure.
    source : str
        Page on which it was read.
    reading : str
        How it is understood here: what of ours is held against it.
    measure : Measure, optional
    criterion : mapping of str to Bounds
        Where each number of the measure must lie for us to agree; without one the statement is untestable.
    definitions : tuple of Definition
        Other readings, whose figures stand beside ours where ours disagrees.
    expected : {"agree", "explained", "disagree", "untestable"}
        Verdict that is on record; the study fails where one that agreed, or was explained, no longer does or is.
    remark : str
        Why we do or do not agree.
    """

    id: Text
    section: Text
    claim: Text
    paper: Text
    source: Text
    reading: Text
    measure: Measure | None = None
    criterion: Mapping[str, Bounds] = pydantic.Field(default_factory=dict)
    definitions: tuple[Definition, ...] = ()
    expected: Verdict
    remark: str = ""

    @pydantic.model_validator(mode="after")
    def _is_judged_by_a_measure(self) -> Self:
        if self.criterion and self.measure is None:
            raise ValueError("a criterion needs a measure")
        if not self.criterion and self.expected != "untestable":
            raise ValueError("without a criterion the statement is untestable")
        return self

    def verdict(self, values: Mapping[str, float]) -> Verdict:
        """Verdict on the numbers of the measure, by our own reading.

        Raises
        ------
        KeyError
            The measure has no number that the criterion names.
        """
        if not self.criterion:
            return "untestable"
        return "agree" if all(bounds.hold(values[name]) for name, bounds in self.criterion.items()) else "disagree"

    @property
    def rule(self) -> str:
        """When we count as agreeing, in words."""
        bounds = "; ".join(f"{name.replace('_', ' ')} {bounds}" for name, bounds in self.criterion.items())
        return f"{self.reading}: {bounds}" if bounds else self.reading
