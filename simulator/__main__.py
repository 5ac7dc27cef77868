"""Command line: ``simulate --hw a100.yaml --model make-a-video``."""

from __future__ import annotations

from dataclasses import replace

import typer

from hw_specs.terminal.commands import Application
from hw_specs.terminal.records import takes
from hw_specs.terminal.running import run_command_line
from simulator.views.report import FORMATS
from simulator.views.terminal import emit, remark

from .command_options import check_choice, fidelity_of
from .commands.answers import answer_of
from .commands.asked import Asked, asked_of
from .commands.strays import option_of
from .commands.subject import named_variant, refuse, subject_of
from .options import SimulateOptions
from .profile.parts import KEYS
from .results.files import ResultFiles
from .user_errors import USER_ERRORS

__all__ = ["app", "main"]

app = Application()


@app.command(
    examples={
        "How long, will it fit, what holds it back": "simulate --hw a100 --model sdxl",
        "The ten kernels that take longest": "simulate --hw a100 --model sdxl --by kernel --top 10",
        "What does an option bring": "simulate --hw h100 --model flux-dev --versus quantize=fp8-row",
        "Four devices": "simulate --hw h100 --model wan2.1-14b --parallel ulysses=2,cfg=2",
        "A part with twice the bandwidth": "simulate --hw h100 --model sdxl --set memory.dram.bandwidth=2x",
        "A measured trace on another part": "simulate --trace mine.json --from a100 --hw h200",
        "A page to look at and to send": "simulate --hw h100 --model sdxl --report out.html",
    }
)
@takes(SimulateOptions)
def command(given: SimulateOptions) -> None:
    """Predict how long a workload takes on an accelerator, and what holds each part back."""
    check_choice("format", given.output_format, FORMATS)
    if given.by is not None:
        check_choice("key of --by", given.by, KEYS)
    level = fidelity_of(given.fidelity)
    if given.list_models:
        emit(_workloads(given.output_format), given.output)
        return
    # A graph beside a trace lends it its shapes.
    subjects = (given.model, given.graph if given.trace is None else None, given.trace)
    if given.hw is None or sum(what is not None for what in subjects) != 1:
        raise typer.BadParameter("give --hw NAME and one of --model NAME, --graph FILE and --trace FILE (or --list)")
    hw, given = given.hw, replace(given, model=named_variant(given.model, given.variant))
    files = ResultFiles.of(given)
    files.require()
    asked = asked_of(hw, level, given, files)
    if level == "roofline":
        refuse({"host": given.host}, "a roofline, which is of the device alone")
    subject = subject_of(given)
    asked = replace(asked, remarks=(*asked.remarks, *subject.remarks(asked.accelerator)))
    answer = answer_of(subject, asked, given.explain, given.versus)
    emit(_remarked(answer.text, replace(asked, remarks=(*answer.remarks, *asked.remarks))), given.output)
    if given.must_fit and not answer.fits:
        raise typer.Exit(1)


def _workloads(output_format: str) -> str:
    from simulator.views.workloads import render_workloads

    return render_workloads(output_format)


def _remarked(text: str, asked: Asked) -> str:
    """Result with the remarks below it where people read; beside it, on stderr, where a program does."""
    if asked.output_format == "table":
        return text + "".join(f"{line}\n" for line in asked.remarks)
    remark(asked.remarks)
    return text


def main() -> None:
    """Entry point: one line and exit status 2 for anything that the user can mend."""
    run_command_line(app, "simulate", USER_ERRORS, option_of)


if __name__ == "__main__":
    main()
