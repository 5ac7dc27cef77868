"""What a study asks for, as its YAML file says it: records, and every complaint about them at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, StrictFloat, StrictInt, StrictStr, Tag, ValidationError

from hw_specs import SpecError
from hw_specs.reading.explain import findings
from hw_specs.reading.record import Count, Record, Text
from hw_specs.reading.yaml_loader import parse_yaml, read_yaml

__all__ = [
    "Plot",
    "Range",
    "Refused",
    "Sampling",
    "Search",
    "StudyError",
    "StudyFile",
    "Value",
    "read_study",
]

Value = StrictInt | StrictFloat | StrictStr
"""A number, a factor (``2x``), a unit string, or a name."""

_MOST_DESIGNS, _MOST_IN_CHUNK = 10**12, 2**17


class StudyError(SpecError):
    """A study that cannot be run; each complaint says where, what, and what would be valid.

    Attributes
    ----------
    complaints : tuple of str
        One line each.
    """

    def __init__(self, complaints: tuple[str, ...]) -> None:
        """Of some complaints, all that there are."""
        super().__init__("; ".join(complaints))
        self.complaints = complaints


def _listed(value: object) -> object:
    """A single value stands for a list of one."""
    return [value] if isinstance(value, str | int | float) else value


class Range(Record):
    """Values between two ends, both included."""

    low: Value
    high: Value
    scale: Literal["linear", "log"] = "linear"
    points: Count | None = None
    """Levels that a grid takes of it."""


Values = Annotated[tuple[Value, ...], Field(min_length=1)]


def _form(value: object) -> str:
    """What the values of a field are written as; complaints are about that form alone."""
    return "range" if isinstance(value, Mapping | Range) else "values"


FieldValues = Annotated[Annotated[Range, Tag("range")] | Annotated[Values, Tag("values")], Discriminator(_form)]


class Sampling(Record):
    """Which designs of all that the fields span."""

    method: Literal["grid", "list", "latin-hypercube", "sobol"] = "grid"
    samples: Annotated[int, Field(strict=True, gt=0, le=_MOST_DESIGNS)] | None = None
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**32)] = 0


class Plot(Record):
    """One picture of the results."""

    kind: Literal["line", "heat", "knee"]
    x: Text
    y: Text = "latency"
    """On the vertical axis; of a heat map a field, of the others a figure."""
    color: Text = "latency"
    """Figure that a heat map shows."""
    by: Text | None = None
    """Field or ``model`` whose values get a line each."""
    file: Text | None = None


class Limit(Record):
    """Values that a figure may have."""

    below: Value | None = None
    above: Value | None = None


class Search(Record):
    """What is best, and what is allowed, in a search for designs."""

    objectives: Annotated[tuple[Text, ...], Field(min_length=1)] = ("latency", "energy")
    constraints: dict[Text, Limit] = Field(default_factory=dict)
    population: Count = 64
    generations: Count = 40


class StudyFile(Record):
    """Content of one study file."""

    title: Text = "Study"
    models: Annotated[tuple[Text, ...], Field(min_length=1), BeforeValidator(_listed)]
    hw: Text | None = None
    """Accelerator whose numbers change, unless ``hw`` is among the fields."""
    settings: dict[Text, Value] = Field(default_factory=dict)
    """Of workload and execution, for all designs; the defaults of what is left out."""
    set: dict[Text, Value] = Field(default_factory=dict)
    """Changes of the accelerator that all designs start from."""
    sampling: Sampling = Sampling()
    fields: dict[Text, FieldValues] = Field(default_factory=dict)
    designs: tuple[dict[Text, Value], ...] = ()
    """One by one, for the method ``list``."""
    fidelity: Literal["calibrated", "roofline"] = "calibrated"
    outputs: tuple[Literal["bound", "stages"], ...] = ()
    """Beyond the figures that every design has; these take a whole simulation each."""
    chunk: Annotated[int, Field(strict=True, gt=0, le=_MOST_IN_CHUNK)] = 512
    """Designs that are computed, written and, after a kill, done again at once."""
    plots: tuple[Plot, ...] = ()
    search: Search = Search()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What was refused of a study file for its form, and left out for checks of the rest.

    Attributes
    ----------
    complaints : tuple of str
        One line each.
    keys : frozenset of str
        What was left out: keys of the file, and ``fields.NAME`` and the like of single entries.
    """

    complaints: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()

    def touches(self, *keys: str) -> bool:
        """Whether something of some keys was left out, or a key that may be one of them misspelt."""
        left_out = {key.partition(".")[0] for key in self.keys}
        return not left_out.isdisjoint(keys) or not left_out <= StudyFile.model_fields.keys()


def read_study(source: Path | str | Mapping[str, Any], *, where: str | None = None) -> tuple[StudyFile, Refused]:
    """Study of a file, of the text of one, or of a mapping with its content, and what of it was refused.

    Returns
    -------
    StudyFile
        Without what was refused; with ``(none)`` for a model where no model is left.
    Refused

    Raises
    ------
    SpecError
        The file cannot be read, or is no YAML.
    """
    tree, name = _tree(source, where)
    try:
        return StudyFile.model_validate(tree), Refused()
    except ValidationError as error:
        keys = frozenset(_refused_key(finding["loc"]) for finding in error.errors(include_url=False))
        complaints = findings(error, model=StudyFile, where=name)
        return StudyFile.model_validate(_without(tree, keys)), Refused(complaints=complaints, keys=keys)


def _tree(source: Path | str | Mapping[str, Any], where: str | None) -> tuple[Any, str]:
    if isinstance(source, Mapping):
        return dict(source), where or "study"
    if isinstance(source, Path):
        return read_yaml(source), where or source.name
    return parse_yaml(source, where=where or "study"), where or "study"


# Keys that hold entries by name, of which one may be refused and the others kept.
_BY_NAME = ("fields", "settings", "set")


def _refused_key(location: Sequence[int | str]) -> str:
    """Key of the file, or entry of a key that holds entries by name."""
    return ".".join(str(part) for part in location[: 2 if location and location[0] in _BY_NAME else 1])


def _without(tree: object, keys: Iterable[str]) -> dict[str, object]:
    """Content of a file without some of its keys and entries."""
    rest = dict(tree) if isinstance(tree, Mapping) else {}
    for key in keys:
        first, _, entry = key.partition(".")
        if key in rest:  # a key of the file may have a point in its own name
            rest.pop(key)
        elif entry and first in rest:
            rest[first] = {name: value for name, value in rest[first].items() if str(name) != entry}
        else:
            rest.pop(first, None)
    return {"models": "(none)", **rest}
