"""One-line messages from pydantic's validation errors: file, key path, what is wrong, what would be valid."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hw_specs.errors import SpecError
from hw_specs.reading.fields import field_names
from hw_specs.reading.yaml_loader import read_yaml
from hw_specs.terminal.meanings import did_you_mean

__all__ = ["explain", "findings", "read_model", "validated"]

#: Unknown keys on the top level of a file from which on it is taken for one of another kind.
_OF_ANOTHER_KIND = 4

_Model = TypeVar("_Model", bound=BaseModel)


def read_model(path: Path, model: type[_Model]) -> _Model:
    """Content of a YAML file as a model.

    Raises
    ------
    SpecError
        The file cannot be read, or with every finding of the validation.
    """
    return validated(read_yaml(path), model, where=str(path))


def validated(tree: Any, model: type[_Model], *, where: str) -> _Model:
    """Plain data as a model. Raises :class:`SpecError` with every finding of the validation."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise explain(error, model=model, where=where) from error


def explain(error: ValidationError, *, model: type[BaseModel], where: str) -> SpecError:
    """Error for one finding of a validation, with the number of further ones.

    An unknown key goes first: it is often a misspelt one, and the reason why another seems to be missing.
    """
    found = error.errors(include_url=False)
    first = min(found, key=lambda finding: finding["type"] != "extra_forbidden")
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return SpecError(f"{where}: {_complaint(first, model)}{more}", findings(error, model=model, where=where))


def findings(error: ValidationError, *, model: type[BaseModel], where: str) -> tuple[str, ...]:
    """One line for each finding of a validation, unknown keys first."""
    found = error.errors(include_url=False)
    strange = [finding for finding in found if finding["type"] == "extra_forbidden" and len(finding["loc"]) == 1]
    if len(strange) >= _OF_ANOTHER_KIND:
        names, valid = (", ".join(map(str, each)) for each in ((f["loc"][0] for f in strange), field_names(model, ())))
        return (f"{where}: unknown keys {names}, as of a file of another kind; valid are {valid}",)
    ordered = sorted(found, key=lambda finding: finding["type"] != "extra_forbidden")
    return tuple(dict.fromkeys(f"{where}: {_complaint(finding, model)}" for finding in ordered))


def _complaint(finding: ErrorDetails, model: type[BaseModel]) -> str:
    place = ".".join(str(part) for part in finding["loc"]) or "top level"
    return f"{place}: {_sentence(finding, model)}"


def _sentence(finding: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value = finding["type"], finding["input"]
    if kind == "extra_forbidden":
        valid = field_names(model, finding["loc"][:-1])
        hint = did_you_mean(str(finding["loc"][-1]), valid)
        return f"unknown key; valid are {', '.join(valid)}{hint}"
    if kind == "missing":
        return "missing; give a value"
    if kind == "too_short" and not value:
        return f"missing; give at least {finding['ctx']['min_length']}{_such_as(finding, model)}"
    if kind == "value_error":
        return finding["msg"].removeprefix("Value error, ")
    return f"{_shown(value)} is refused; {finding['msg'][:1].lower()}{finding['msg'][1:]}"


def _such_as(finding: ErrorDetails, model: type[BaseModel]) -> str:
    """First example of a field of the top level, where it has one."""
    field = model.model_fields.get(str(finding["loc"][0])) if len(finding["loc"]) == 1 else None
    return f", such as {field.examples[0]}" if field is not None and field.examples else ""


def _shown(value: object, limit: int = 40) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}..."
