"""Options that commands of several packages have, and how a value that there is not is refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer
from typer.core import TyperCommand

from hw_specs.terminal.meanings import nearest_value

from .cost.model import Fidelity

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["Format", "GroupedCommand", "Output", "check_choice", "check_format", "fidelity_of", "takes"]

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


class GroupedCommand(TyperCommand):
    """Command whose ``--help`` lists its options in groups: those of each ``rich_help_panel``, in order.

    An option that is given twice, and of which one would count in silence, is refused.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse what is there twice, and read the rest as ever."""
        for parameter in self.get_params(ctx):
            names = [name for name in parameter.opts if name.startswith("-")]
            if names and not getattr(parameter, "multiple", False) and not getattr(parameter, "is_flag", False):
                given = [word.partition("=")[0] for word in args if word.partition("=")[0] in names]
                if len(given) > 1:
                    raise typer.BadParameter(f"{given[0]} is given {len(given)} times, and one would count; give one")
        return super().parse_args(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write one section for each group; options of none come last."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(parameter, "rich_help_panel", None) or "Options", []).append(record)
        for name in sorted(groups, key=lambda group: group == "Options"):
            with formatter.section(name):
                formatter.write_dl(groups[name])
