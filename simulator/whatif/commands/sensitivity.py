"""Command ``whatif sensitivity``: what each field of an accelerator is worth to a workload."""

from __future__ import annotations

import json
from dataclasses import dataclass

from hw_specs.terminal.records import takes
from simulator.command_options import Format, Output, check_format
from simulator.options import RunOptions
from simulator.results.files import command_line, require_page, write_page
from simulator.results.options import PageFile
from simulator.views.figures import check_suffix
from simulator.views.terminal import captured, emit, remark
from tracer.progress_bar import working

from .options import Plot, chosen_part, settings_of

__all__ = ["SensitivityOptions", "sensitivity_command"]


@dataclass(frozen=True, kw_only=True)
class SensitivityOptions(RunOptions):
    """All that ``whatif sensitivity`` takes."""

    plot: Plot = None
    report: PageFile = None
    output_format: Format = "table"
    output: Output = None


@takes(SensitivityOptions)
def sensitivity_command(given: SensitivityOptions) -> None:
    """Tell what each field of an accelerator is worth: elasticity, speed-up with twice and half of it.

    The power limit, the host and the latencies within kernels are among the fields. What holds the run back with
    twice the field stands beside it.
    """
    from simulator.whatif.sensitivity import sensitivity
    from simulator.whatif.sensitivity_presentation import plot_sensitivity, print_sensitivity

    check_format(given.output_format)
    require_page(given.report)
    if given.plot is not None:
        check_suffix(given.plot)
    part = chosen_part(given.model, given.hw, given.change or ())
    settings = settings_of(given)
    with working(f"predicting {part.model} with each field changed"):
        found = sensitivity(part.model, part.accelerator, settings=settings, calibrations=part.calibrations)
    if given.plot is not None:
        plot_sensitivity(found, given.plot)
    if given.report is not None:
        from simulator.whatif.pages import sensitivity_page

        write_page(sensitivity_page(found, part.remarks, command_line(), [part.origin]), given.report)
    if given.output_format == "json":
        remark((*found.remarks, *part.remarks))
        emit(json.dumps(found.to_list(), indent=2, allow_nan=False) + "\n", given.output)
    else:
        emit(captured(lambda console: print_sensitivity(found, console, part.remarks), width=80), given.output)
