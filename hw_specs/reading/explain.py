"""One-line messages from pydantic's validation errors: file, key path, what is wrong, what would be valid."""

from __future__ import annotations

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hw_specs.errors import SpecError, did_you_mean
from hw_specs.reading.fields import field_names

__all__ = ["explain"]


def explain(error: ValidationError, *, model: type[BaseModel], where: str) -> SpecError:
    """Error for one finding of a validation, with the number of further ones.

    An unknown key goes first: it is often a misspelt one, and the reason why another seems to be missing.
    """
    findings = error.errors(include_url=False)
    first = min(findings, key=lambda finding: finding["type"] != "extra_forbidden")
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    place = ".".join(str(part) for part in first["loc"]) or "top level"
    return SpecError(f"{where}: {place}: {_sentence(first, model)}{more}")


def _sentence(finding: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value = finding["type"], finding["input"]
    if kind == "extra_forbidden":
        valid = field_names(model, finding["loc"][:-1])
        hint = did_you_mean(str(finding["loc"][-1]), valid)
        return f"unknown key; valid are {', '.join(valid)}{hint}"
    if kind == "missing":
        return "missing; give a value"
    if kind == "value_error":
        return finding["msg"].removeprefix("Value error, ")
    return f"{_shown(value)} is refused; {finding['msg'][:1].lower()}{finding['msg'][1:]}"


def _shown(value: object, limit: int = 40) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}..."
