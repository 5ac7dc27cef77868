"""Command line: ``validate published`` and its siblings, one for each kind of measurement."""

from __future__ import annotations

import typer

from hw_specs import SpecError
from hw_specs.output import OutputError
from hw_specs.terminal.ending import HELP
from simulator.cost import ParameterError, UnsupportedFormatError
from simulator.execution import ExecutionError
from simulator.simulation import BeyondNumbersError
from simulator.views.figures import PlotError
from tracer.command_line import VersionOption, run_command_line
from tracer.graph import GraphError
from tracer.library.graphs import MissingTracerError
from tracer.trace import TraceFormatError
from tracer.workloads import UnknownWorkloadError
from validation.commands.comparisons import accuracy_command, kernels_command, published_command
from validation.commands.fits import calibrate_command, energy_command, intervals_command, relatives_command
from validation.commands.limits import limits_command
from validation.commands.machine import campaign_command, check_command, probe_command
from validation.commands.projections import projection_command
from validation.commands.ratios import ratios_command
from validation.commands.study import study_command
from validation.commands.traces import trace_command
from validation.commands.training import training_command
from validation.measured.tables import MeasurementError
from validation.published.case import CaseError

__all__ = ["app", "main"]

USER_ERRORS = (
    BeyondNumbersError,
    CaseError,
    ExecutionError,
    GraphError,
    MeasurementError,
    MissingTracerError,
    OutputError,
    ParameterError,
    PlotError,
    SpecError,
    TraceFormatError,
    UnknownWorkloadError,
    UnsupportedFormatError,
)

app = typer.Typer(
    context_settings=HELP,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Predictions against measurements, and what they may be trusted for.",
)


@app.callback()
def group(version: VersionOption = False) -> None:
    """Predictions against measurements, and what they may be trusted for."""


app.command("published")(published_command)
app.command("kernels")(kernels_command)
app.command("ratios")(ratios_command)
app.command("projection")(projection_command)
app.command("limits")(limits_command)
app.command("calibrate")(calibrate_command)
app.command("trace")(trace_command)
app.command("training")(training_command)
app.command("study")(study_command)
app.command("accuracy")(accuracy_command)
app.command("probe")(probe_command)
app.command("check")(check_command)
app.command("campaign")(campaign_command)
app.command("energy")(energy_command)
app.command("intervals")(intervals_command)
app.command("relatives")(relatives_command)


def main() -> None:
    """Entry point: one line and exit status 2 for anything that the user can mend."""
    run_command_line(app, "validate", USER_ERRORS)


if __name__ == "__main__":
    main()
