"""What holds for a workload, a graph and a trace alike: the accelerator, its host, and how things run on it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hw_specs import Accelerator, CalibrationPool, SpecError, load_accelerator
from hw_specs.listing.known_parts import slips
from hw_specs.overrides import apply_overrides
from simulator.calibrations import calibration_pool
from simulator.cost.model import Fidelity
from simulator.execution import Execution
from simulator.hosts.catalogue import load_host
from simulator.hosts.host import Host
from simulator.options import SimulateOptions
from simulator.parallel.scheme import Scheme
from simulator.reference import ReferenceChanges
from simulator.results.files import ResultFiles
from simulator.simulation import Simulation, simulate
from simulator.software import load_software
from simulator.unread import remarks_on
from tracer.graph import OpGraph
from tracer.library.graphs import runs_channels_last

__all__ = ["Asked", "asked_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Where and how something runs, and the form of the answer.

    ``hw`` is the accelerator as the user names it; ``by`` is what parts are told apart by in the one table that is
    printed, of ``top`` rows; ``files`` are those that are written beside what is printed.
    """

    hw: str
    accelerator: Accelerator
    execution: Execution
    fidelity: Fidelity
    calibrations: CalibrationPool
    output_format: str
    by: str | None = None
    top: int | None = None
    host: Host | None = None
    files: ResultFiles = field(default_factory=ResultFiles)
    remarks: tuple[str, ...] = ()

    def simulation(self, graph: OpGraph) -> Simulation:
        """A graph's run."""
        return simulate(
            graph,
            self.accelerator,
            self.execution,
            fidelity=self.fidelity,
            calibrations=self.calibrations,
            host=self.host,
        )

    def reference(self, changes: ReferenceChanges) -> Asked:
        """What holds for the reference of a comparison; its accelerator has none of the changes by ``--set``."""
        run = changes.run
        name = run.get("hw", self.hw)
        part, execution = load_accelerator(name), changes.execution(self.execution)
        own = self.calibrations if name == self.hw else calibration_pool(name, part, None)
        host = load_host(run["host"]) if "host" in run else self.host
        return replace(self, accelerator=part, execution=execution, calibrations=own, host=host)


def asked_of(hw: str, level: Fidelity, given: SimulateOptions, files: ResultFiles) -> Asked:
    """What holds for whatever is to run.

    Raises
    ------
    SpecError
        The accelerator has a number beyond those of any part, and ``--strict`` is given.
    """
    part, changes = load_accelerator(hw), given.change or []
    calibrations = calibration_pool(hw, part, given.calibration)
    execution = _execution(given)
    changed = apply_overrides(part, changes)
    wrong = slips(changed)
    if given.strict and wrong:
        raise SpecError(f"{changed.name}: {'; '.join(wrong)}", tuple(f"{changed.name}: {line}" for line in wrong))
    offloads, devices = execution.offload != "none", execution.parallel.devices
    return Asked(
        hw=hw,
        accelerator=changed,
        execution=execution,
        fidelity=level,
        calibrations=calibrations,
        output_format=given.output_format,
        by=given.by,
        top=given.top,
        host=load_host(given.host) if given.host else None,
        files=files,
        remarks=remarks_on(hw, part, changes, calibrations, offloads=offloads, devices=devices),
    )


def _execution(given: SimulateOptions) -> Execution:
    return Execution(
        mode=given.execution,
        attention=given.attention,
        autocast=given.autocast,
        max_autotune=given.max_autotune,
        offload=given.offload,
        quantize=given.quantize,
        software=load_software(given.software or ""),
        parallel=Scheme.parse(given.parallel or ""),
        channels_last=_channels_last(given.model, given.channels_last),
    )


def _channels_last(model: str | None, asked: bool | None) -> bool:
    """How images lie: as asked, else as the workload's authors have them."""
    return (model is not None and runs_channels_last(model)) if asked is None else asked
