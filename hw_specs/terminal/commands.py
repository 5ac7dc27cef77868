"""How every command is declared, so that their help looks alike: options in groups, examples, whole sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from .ending import HELP

__all__ = ["Application", "CommandGroup", "GroupedCommand", "VersionOption", "group_of"]

Command = TypeVar("Command", bound=Callable[..., Any])

#: Groups of options in the order of ``--help``; a group of another name stands before the options of none.
_ORDER = ("Arguments", "What runs", "How it is run", "Where it runs", "", "Options", "What is printed", "Help")
#: Groups of options that name none, by what they are called in all commands.
_GROUPS = {
    "What runs": "model batch height width num_frames num_inference_steps guidance_scale prompt_length max_new_tokens "
    "context_length dtype graph",
    "How it is run": "execution attention offload quantize software parallel kv_cache kv_cache_dtype scheduler "
    "autocast step_cache lora vae_dtype vae_tiling vae_slicing fidelity",
    "Where it runs": "hw host change changes device calibration",
    "What is printed": "output output_format plot report summary",
    "Help": "help version install_completion show_completion",
}
_GROUP_OF = {option: group for group, options in _GROUPS.items() for option in options.split()}


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"roofcast {version('roofcast')}")
        raise typer.Exit


#: Type of a parameter ``version: VersionOption = False``: ``--version`` prints the version and stops.
VersionOption = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and stop.")
]


def group_of(parameter: Any) -> str:
    """Group of ``--help`` that a parameter of a command stands in."""
    if parameter.param_type_name == "argument":
        return "Arguments"
    return getattr(parameter, "rich_help_panel", None) or _GROUP_OF.get(parameter.name, "Options")


class GroupedCommand(TyperCommand):
    """Command whose ``--help`` lists its options in groups, and its examples.

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
        """Write one section for each group."""
        _write_groups(self, ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples as they are."""
        _write_examples(self.epilog, formatter)


class CommandGroup(TyperGroup):
    """Commands of one application: each with its whole first sentence, then options, then examples."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands before the options."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(400)) for name, command in found if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
        _write_groups(self, ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples as they are."""
        _write_examples(self.epilog, formatter)


class Application(typer.Typer):
    """Command line whose commands are grouped, and may have examples: what each answers, and the line to type.

    Parameters
    ----------
    summary : str
        What the commands are for; empty for an application of one command.
    examples : mapping of str to str, optional
        Of the application as a whole.
    """

    def __init__(self, summary: str = "", examples: Mapping[str, str] | None = None) -> None:  # noqa: D107
        super().__init__(
            cls=CommandGroup,
            context_settings=HELP,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
            no_args_is_help=bool(summary),
            help=summary or None,
            epilog=_text(examples),
        )
        if summary:
            self.callback()(_options)

    def command(  # type: ignore[override]  # all that is the same for every command is said here
        self, name: str | None = None, *, examples: Mapping[str, str] | None = None
    ) -> Callable[[Command], Command]:
        """Decorator of a command's function."""
        return super().command(name, cls=GroupedCommand, context_settings=HELP, epilog=_text(examples))


def _options(version: VersionOption = False) -> None:
    """Options of the application itself, before any of its commands."""


def _text(examples: Mapping[str, str] | None) -> str | None:
    lines = [f"{meaning}:\n  {command}" for meaning, command in (examples or {}).items()]
    return "\n".join(lines) or None


def _write_groups(command: Any, ctx: Any, formatter: Any) -> None:
    """One section for each group, in the order of all commands."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None:
            groups.setdefault(group_of(parameter), []).append(record)
    for name in sorted(groups, key=lambda group: _ORDER.index(group if group in _ORDER else "")):
        with formatter.section(name):
            formatter.write_dl(groups[name])


def _write_examples(text: str | None, formatter: Any) -> None:
    if text:
        with formatter.section("Examples"):
            for line in text.splitlines():
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
