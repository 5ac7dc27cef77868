"""Options that commands of several packages have, and how a value that there is not is refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from hw_specs.terminal.meanings import nearest_value

from .cost.model import Fidelity

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["Format", "Output", "check_choice", "check_format", "fidelity_of", "takes"]

Record = TypeVar("Record", bound="DataclassInstance")

Format = Annotated[str, typer.Option("--format", help="table or json.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of the terminal.")]


def check_choice(name: str, value: str, valid: Collection[str]) -> None:
    """Refuse a value of an option that is none of some."""
    if value not in valid:
        raise typer.BadParameter(f"unknown {name} {value!r}; valid: {', '.join(valid)}{nearest_value(value, valid)}")


def check_format(name: str) -> None:
    """Refuse a form of output that there is not."""
    check_choice("format", name, ("table", "json"))


def fidelity_of(name: str) -> Fidelity:
    """Fidelity of a name; refuses others."""
    known: dict[str, Fidelity] = {"roofline": "roofline", "calibrated": "calibrated"}
    check_choice("fidelity", name, known)
    return known[name]


def takes(record: type[Record]) -> Callable[[Callable[[Record], None]], Callable[..., None]]:
    """Decorator that makes a command of a function of one record: its fields are the options, by type and default.

    Parameters
    ----------
    record : type
        Dataclass whose fields are annotated as parameters of a typer command.
    """
    types = get_type_hints(record, include_extras=True)
    parameters = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=types[field.name],
        )
        for field in fields(record)
    ]

    def decorated(function: Callable[[Record], None]) -> Callable[..., None]:
        def command(**given: Any) -> None:
            function(record(**given))

        command.__name__, command.__doc__ = function.__name__, function.__doc__
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
        return command

    return decorated
