"""Command line: ``validate published`` and its siblings, one for each kind of measurement."""

from __future__ import annotations

from hw_specs import SpecError
from hw_specs.output import OutputError
from hw_specs.terminal.commands import Application
from hw_specs.terminal.running import run_command_line
from simulator.commands.strays import option_of
from simulator.cost import ParameterError, UnsupportedFormatError
from simulator.execution import ExecutionError
from simulator.simulation import BeyondNumbersError
from simulator.views.figures import PlotError
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

app = Application(
    "Predictions against measurements, and what they may be trusted for.",
    {"Options and examples of a command": "validate trace --help"},
)
app.command(
    "published",
    examples={
        "Cases that ship": "validate published",
        "Published runs of a table": "validate published runs.csv --grade AB",
    },
)(published_command)
app.command(
    "kernels",
    examples={
        "Errors by device, operator and dtype": "validate kernels measured/*.csv.gz",
        "Of a device that the fit never saw": "validate kernels measured/*.csv.gz --leave-out t4",
    },
)(kernels_command)
app.command(
    "ratios",
    examples={
        "What a part, batch or attention brings": "validate ratios",
        "The worst pairs of a table": "validate ratios runs.csv --worst 10",
    },
)(ratios_command)
app.command("projection", examples={"Calls measured on several devices": "validate projection tables/*.csv.gz"})(
    projection_command
)
app.command(
    "limits",
    examples={
        "More must never cost time": "validate limits --draws 2000",
        "Of two accelerators": "validate limits --hw 'h100 mi300x'",
    },
)(limits_command)
app.command(
    "calibrate",
    examples={
        "An architecture, by tables of calls": "validate calibrate measured/*.csv.gz --accelerator t4",
        "One parameter group again": "validate calibrate measured/*.csv.gz --group softmax",
    },
)(calibrate_command)
app.command(
    "trace",
    examples={
        "Measured kernels beside predicted ones": "validate trace mine.json --hw a100",
        "What changed between two traces": "validate trace new.json --against old.json",
        "Its parts: steps, annotations": "validate trace mine.json --parts",
    },
)(trace_command)
app.command("training", examples={"Forward passes and training steps": "validate training steps.csv"})(training_command)
app.command("study", examples={"Tables, figures and claims, made again": "validate study golden2023 -o study"})(
    study_command
)
app.command("accuracy", examples={"Every error table on one page": "validate accuracy measured -o ACCURACY.md"})(
    accuracy_command
)
app.command("probe", examples={"Measure this machine": "validate probe --device cuda -o my.yaml"})(probe_command)
app.command("check", examples={"A run of this machine beside its prediction": "validate check run.trace --hw my.yaml"})(
    check_command
)
app.command(
    "campaign", examples={"Kernels and models, most valuable first": "validate campaign -o folder --minutes 8"}
)(campaign_command)
app.command("energy", examples={"Fitted energies and their errors": "validate energy measured/power runs.csv"})(
    energy_command
)
app.command("intervals", examples={"Coverage on devices left out": "validate intervals runs.csv"})(intervals_command)
app.command(
    "relatives", examples={"How far parts of one line are off": "validate relatives runs.csv --kernels calls.csv"}
)(relatives_command)


def main() -> None:
    """Entry point: one line and exit status 2 for anything that the user can mend."""
    run_command_line(app, "validate", USER_ERRORS, option_of)


if __name__ == "__main__":
    main()
