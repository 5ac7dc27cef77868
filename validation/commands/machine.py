"""Commands that measure the machine at hand: ``validate probe``, ``validate check`` and ``validate campaign``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from hw_specs import load_accelerator
from hw_specs.output import write_text
from hw_specs.terminal.places import measured_device, writable
from hw_specs.terminal.tables import hanging, text_table
from simulator.views.terminal import remark
from tracer.progress_bar import reading, shares, working
from validation.published.case import CaseError

__all__ = ["campaign_command", "check_command", "probe_command"]


def probe_command(
    output: Annotated[
        Path, typer.Option("--output", "-o", callback=writable(".yaml", ".yml"), help="Specification to write (.yaml).")
    ],
    device: Annotated[str, typer.Option(callback=measured_device, help="cpu, cuda or cuda:N.")] = "cuda",
    seconds: Annotated[float, typer.Option(help="Longest time for kernels, beside peaks and bandwidths.")] = 150.0,
) -> None:
    """Measure the machine at hand, and write its specification and its calibration."""
    if not seconds > 0:
        raise CaseError(f"--seconds is {seconds}; it must be positive")
    from validation.fitting.calibration_file import write_calibration
    from validation.machine.probe.probe import ProbeOptions, probe

    remark(_load_remarks())
    with shares() as advance:
        found = probe(device, advance, ProbeOptions(seconds=seconds))
    write_text(output, found.specification)
    path = write_calibration(found.calibration.renamed(f"{output.stem}.calibration"), output.parent)
    print(f"{output}: {found.accelerator.name}\n{path}: fitted to {len(found.calls)} measured calls")
    print(hanging("", found.load.text()))
    remark(f"warning: {line}" for line in found.load.warnings())
    print(f"try it: simulate --hw {output} --model stable-diffusion --dtype float32")


#: Share of the processors at work for others from which on a probe is told so. [1]
_BUSY = 0.2


def _load_remarks() -> tuple[str, ...]:
    """Warning of other work on the machine, which takes its share of what is measured."""
    if not hasattr(os, "getloadavg"):
        return ()
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    if load <= _BUSY * processors:
        return ()
    busy = f"{load:.1f} of {processors} processors were busy in the last minute"
    return (f"warning: {busy}: rates and times of the host come out worse than an idle machine has them",)


def check_command(
    trace: Annotated[Path, typer.Argument(help="Trace of a run on the probed machine (`trace run`).")],
    hw: Annotated[Path, typer.Option("--hw", help="Specification that `probe` wrote.")],
    calibration: Annotated[
        Path | None, typer.Option(help="Calibration that `probe` wrote; by default the one beside the specification.")
    ] = None,
) -> None:
    """Hold a run on the machine at hand against the prediction from its own specification and calibration."""
    from simulator.calibrations import own_calibration
    from tracer.formats import read_trace
    from validation.machine.check import check_probe

    accelerator = load_accelerator(str(hw))
    own = own_calibration(str(hw), accelerator, calibration)
    if own is None:
        raise CaseError(f"{hw}: no calibration beside it; give --calibration FILE, which 'validate probe' writes")
    with reading(trace) as advance:
        measured = read_trace(trace, progress=advance)
    with working("predicting"):
        result = check_probe(measured, accelerator, own)
    for line in (
        f"measured {result.measured:.4g} s in operators, {result.predicted:.4g} s predicted for {result.covered:.4g} s "
        f"of it: {100 * result.error:+.1f} %, weighted by time {100 * result.time_weighted_error:.1f} %",
        f"80 % interval of the prediction {result.interval.low:.4g} to {result.interval.high:.4g} s, as wide as for "
        "a part that nobody measured",
        f"elapsed without the profiler {result.elapsed:.4g} s, predicted {result.predicted_elapsed:.4g} s",
    ):
        print(hanging("", line))
    rows = (
        (name, str(part.calls), f"{part.measured:.4g} s", f"{part.predicted:.4g} s")
        for name, part in list(result.by_operator.items())[:12]
    )
    print(text_table(("operator", "calls", "measured", "predicted"), rows), end="")


def campaign_command(
    folder: Annotated[Path, typer.Option("--output", "-o", help="Folder; one that was begun is taken up again.")],
    minutes: Annotated[float, typer.Option(help="After which nothing new is begun.")] = 8.0,
    device: Annotated[str, typer.Option(callback=measured_device, help="cuda, cuda:N or cpu.")] = "cuda",
    tiny: Annotated[bool, typer.Option("--tiny", help="A few small cases and one small model.")] = False,
) -> None:
    """Measure kernels and whole models of this machine, the most valuable first."""
    if not minutes > 0:
        raise CaseError(f"--minutes is {minutes}; it must be positive")
    from validation.machine.campaign.campaign import CampaignOptions, run_campaign

    with shares() as advance:
        done = run_campaign(folder, CampaignOptions(device=device, minutes=minutes, tiny=tiny), advance)
    print(
        f"{folder}: {done.kernels} rows, {done.traces} traces, {done.failures} failures; "
        f"not begun: {done.cases_left} cases, {done.models_left} models"
    )
