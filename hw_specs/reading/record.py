"""The base of all records that are read from files, their reading, and the fields that need no unit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hw_specs.reading.explain import explain
from hw_specs.reading.yaml_loader import read_yaml

__all__ = ["Count", "Record", "Text", "read_record"]

Count = Annotated[int, Field(strict=True, gt=0)]
Text = Annotated[str, Field(min_length=1)]


class Record(BaseModel):
    """Frozen, and closed: an unknown key is an error."""

    # What checks a record is made when the first one is read: most programs read few kinds.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


_Model = TypeVar("_Model", bound=BaseModel)


def read_record(path: Path, model: type[_Model], *, unit_strings_only: bool = False) -> _Model:
    """Record that a YAML file holds.

    Parameters
    ----------
    path : Path
    model : type of pydantic model
    unit_strings_only : bool
        Whether a quantity must be written with its unit.

    Raises
    ------
    SpecError
        The file is missing or refused: one line that names it, the key and what would be valid.
    """
    try:
        return model.model_validate(read_yaml(path), context={"unit_strings_only": unit_strings_only})
    except ValidationError as error:
        raise explain(error, model=model, where=str(path)) from error
