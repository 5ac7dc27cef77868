"""Command ``validate limits``: drawn improvements of accelerators, none of which may slow a kernel down."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from hw_specs import CalibrationPool
from simulator.command_options import Format, Output, check_format
from simulator.views.terminal import emit

from .terminal import progress

__all__ = ["limits_command"]


def limits_command(
    hw: Annotated[
        str, typer.Option(help="Accelerators, with spaces or commas between; by default one of each architecture.")
    ] = "",
    draws: Annotated[int, typer.Option(min=1, help="Changes that are drawn, over all accelerators.")] = 2000,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Draw changes that can only help an accelerator, and list the kernels of bundled workloads that they slow down."""
    from validation.limits.slowdowns import drawn_slowdowns, slowdown_lines
    from validation.limits.workloads import one_of_each_architecture

    check_format(output_format)
    with progress(None) as advance:
        found = drawn_slowdowns(
            hw.replace(",", " ").split() or one_of_each_architecture(),
            draws,
            seed,
            CalibrationPool.shipped(),
            progress=advance,
        )
    if output_format == "json":
        emit(json.dumps([asdict(each) for each in found], indent=2) + "\n", output)
    else:
        emit("".join(f"{line}\n" for line in slowdown_lines(found, draws)), output)
