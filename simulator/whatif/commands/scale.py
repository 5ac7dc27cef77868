"""Command ``whatif scale``: a workload along one of its axes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from hw_specs.terminal.records import takes
from simulator.command_options import Format, Output, check_format, fidelity_of
from simulator.options import FidelityName, Parallel, RunOptions
from simulator.results.files import command_line, require_page, write_page
from simulator.results.options import PageFile
from simulator.views.figures import check_suffix
from simulator.views.terminal import captured, emit, remark
from simulator.whatif.axis import DEVICES, SCALES
from tracer.progress_bar import counts

from .options import Plot, chosen_part, settings_of

if TYPE_CHECKING:
    from simulator.whatif.scale import Growth

__all__ = ["ScaleOptions", "scale_command"]


@dataclass(frozen=True, kw_only=True)
class ScaleOptions(RunOptions):
    """All that ``whatif scale`` takes."""

    axis: Annotated[str, typer.Option(help=f"What grows: one of {', '.join((*SCALES, DEVICES))}.")] = "batch"
    values: Annotated[str, typer.Option(help="Values on the axis, 1,2,4,8; some around the default if none.")] = ""
    search: Annotated[bool, typer.Option(help="Look for the largest value that fits.")] = True
    parallel: Parallel = None
    fidelity: FidelityName = "calibrated"
    plot: Plot = None
    report: PageFile = None
    output_format: Format = "table"
    output: Output = None


@takes(ScaleOptions)
def scale_command(given: ScaleOptions) -> None:
    """Predict a workload along an axis: how it grows, where it bends, what is the largest that fits.

    Of the resolution, values are heights, and the width goes with them. A workload that is not in the bundle at a
    value is traced, which takes some seconds and torch. Of devices, the last split of --parallel grows, as in
    cfg=2,ulysses=1.
    """
    from simulator.whatif.scale import scale
    from simulator.whatif.scale_presentation import plot_growth

    check_format(given.output_format)
    require_page(given.report)
    if given.plot is not None:
        check_suffix(given.plot)
    part = chosen_part(given.model, given.hw, given.change or ())
    with counts() as advance:
        found = scale(
            part.model,
            part.accelerator,
            given.axis,
            _numbers(given.values),
            settings=settings_of(given),
            calibrations=part.calibrations,
            fidelity=fidelity_of(given.fidelity),
            search=given.search,
            progress=lambda what: advance(what, 0, 0),
        )
    if given.plot is not None:
        plot_growth(found, given.plot)
    if given.report is not None:
        from simulator.whatif.pages import scale_page

        write_page(scale_page(found, part.remarks, command_line(), [part.origin]), given.report)
    emit(_shown(found, part.remarks, given.output_format), given.output)


def _shown(found: Growth, remarks: tuple[str, ...], output_format: str) -> str:
    """Growth as text; remarks that have no place in JSON go to standard error."""
    from simulator.whatif.scale_presentation import print_growth

    if output_format == "json":
        remark((*remarks, *found.remarks))
        return json.dumps(found.to_dict(), indent=2, allow_nan=False) + "\n"
    return captured(lambda console: print_growth(found, console, remarks), width=80)


def _numbers(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    wrong = [part for part in parts if not part.isdecimal() or len(part) > 10 or not 0 < int(part) <= 10**9]
    if wrong:
        raise typer.BadParameter(f"--values: {wrong[0][:40]!r} is no positive integer; write them as 1,2,4,8")
    return [int(part) for part in parts]
