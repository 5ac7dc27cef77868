"""Command line: ``whatif compare`` and its siblings, one for each kind of question."""

from __future__ import annotations

import typer

from hw_specs.terminal.ending import HELP
from simulator.user_errors import USER_ERRORS
from simulator.whatif.commands.compare import compare_command
from simulator.whatif.commands.explore import explore_command
from simulator.whatif.commands.scale import scale_command
from simulator.whatif.commands.search import search_command
from simulator.whatif.commands.sensitivity import sensitivity_command
from simulator.whatif.commands.sweep import sweep_command
from tracer.command_line import VersionOption, run_command_line

__all__ = ["app", "main"]

app = typer.Typer(
    context_settings=HELP,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="What other hardware, software or sizes would make of a workload.",
)


@app.callback()
def group(version: VersionOption = False) -> None:
    """What other hardware, software or sizes would make of a workload."""


app.command("compare")(compare_command)
app.command("scale")(scale_command)
app.command("sweep")(sweep_command)
app.command("search")(search_command)
app.command("sensitivity")(sensitivity_command)
app.command("explore")(explore_command)


def main() -> None:
    """Entry point: one line and exit status 2 for anything that the user can mend."""
    run_command_line(app, "whatif", USER_ERRORS)


if __name__ == "__main__":
    main()
