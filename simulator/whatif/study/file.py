"""What a study asks for, as its YAML file says it: records, and every complaint about them at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictFloat, StrictInt, StrictStr, ValidationError

from hw_specs import SpecError
from hw_specs.reading.explain import findings
from hw_specs.reading.record import Count, Record, Text
from hw_specs.reading.yaml_loader import parse_yaml, read_yaml

__all__ = ["Plot", "Range", "Sampling", "Search", "StudyError", "StudyFile", "Value", "read_study"]

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
    fields: dict[Text, Range | Values] = Field(default_factory=dict)
    designs: tuple[dict[Text, Value], ...] = ()
    """One by one, for the method ``list``."""
    fidelity: Literal["calibrated", "roofline"] = "calibrated"
    outputs: tuple[Literal["bound", "stages"], ...] = ()
    """Beyond the figures that every design has; these take a whole simulation each."""
    chunk: Annotated[int, Field(strict=True, gt=0, le=_MOST_IN_CHUNK)] = 512
    """Designs that are computed, written and, after a kill, done again at once."""
    plots: tuple[Plot, ...] = ()
    search: Search = Search()


def read_study(source: Path | str | Mapping[str, Any], *, where: str | None = None) -> StudyFile:
    """Study of a file, of the text of one, or of a mapping with its content.

    Raises
    ------
    StudyError
        With every complaint about keys and values.
    SpecError
        The file cannot be read, or is no YAML.
    """
    if isinstance(source, Mapping):
        tree, name = dict(source), where or "study"
    elif isinstance(source, Path):
        tree, name = read_yaml(source), where or source.name
    else:
        tree, name = parse_yaml(source, where=where or "study"), where or "study"
    try:
        return StudyFile.model_validate(tree)
    except ValidationError as error:
        raise StudyError(findings(error, model=StudyFile, where=name)) from error
