"""What a row of a study runs: a workload with its settings on an accelerator; every combination of some lists."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from hw_specs import Accelerator, CalibrationPool, apply_overrides, load_accelerator, number_format
from simulator.calibrations import calibration_pool
from simulator.cost.model import Fidelity
from simulator.execution import Execution
from simulator.format_choice import AUTO, settings_on
from simulator.hosts.catalogue import load_host
from simulator.hosts.host import Host
from simulator.reference import typed_changes
from simulator.simulation import Simulation, simulate
from tracer.graph import OpGraph
from tracer.library.graphs import graph_of, runs_channels_last

__all__ = ["AXES", "Setup", "every_setup", "setup_of"]

AXES = (
    "attention",
    "execution",
    "autocast",
    "offload",
    "quantize",
    "software",
    "host",
    "parallel",
    "dtype",
    "scheduler",
    "strength",
    "step_cache",
    "lora",
    "vae_dtype",
    "vae_tiling",
    "vae_slicing",
    "batch",
    "height",
    "width",
    "num_frames",
    "num_inference_steps",
    "guidance_scale",
    "prompt_length",
    "max_new_tokens",
    "context_length",
    "kv_cache",
    "kv_cache_dtype",
)
"""What may differ between rows beside the model and the accelerator, in the order in which rows vary, last fastest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One run to simulate.

    Attributes
    ----------
    model : str
        Name of a pipeline, or path of a folder of a diffusers pipeline or a language model.
    accelerator : Accelerator
    calibrations : CalibrationPool
    settings : mapping
        Settings of the workload that are not its defaults.
    execution : Execution
    host : Host, optional
    chosen : mapping
        Values of :data:`AXES` as they were asked for; of a dtype left to choose, the one chosen.
    remark : str
        What is to be said of that choice, or nothing.
    """

    model: str
    accelerator: Accelerator
    calibrations: CalibrationPool
    settings: Mapping[str, object] = field(default_factory=dict)
    execution: Execution = field(default_factory=Execution)
    host: Host | None = None
    chosen: Mapping[str, object] = field(default_factory=dict)
    remark: str = ""

    def graph(self) -> OpGraph:
        """Operators of the workload. Raises as :func:`tracer.graph_of`."""
        return _graph(self.model, tuple(self.settings.items()))

    def simulated(self, fidelity: Fidelity = "calibrated") -> Simulation:
        """The run on a timeline. Raises as :func:`simulator.simulate` and :meth:`graph`."""
        return simulate(
            self.graph(),
            self.accelerator,
            self.execution,
            fidelity=fidelity,
            calibrations=self.calibrations,
            host=self.host,
        )


def every_setup(
    models: Sequence[str],
    accelerators: Sequence[str],
    changes: Sequence[str] = (),
    axes: Mapping[str, Sequence[object]] = MappingProxyType({}),
) -> list[Setup]:
    """Every combination of some models, accelerators and values of :data:`AXES`; the last one varies fastest.

    Parameters
    ----------
    models : sequence of str
    accelerators : sequence of str
        Names, or YAML files.
    changes : sequence of str
        Changes of the accelerators (:func:`hw_specs.apply_overrides`): each one stands there as it is, and then with
        all of them.
    axes : mapping of str to sequence
        Values by name of :data:`AXES`, as texts or numbers; of what is left out, the default.

    Raises
    ------
    SpecError, ComparedRunError, ExecutionError, SoftwareError
        There is no such accelerator, or a value that an axis cannot have.
    """
    parts = [part for name in accelerators for part in _parts(name, changes)]
    names = [name for name in AXES if axes.get(name)]
    values = list(itertools.product(*(axes[name] for name in names)))
    return [
        setup_of(model, part, pool, dict(zip(names, combination, strict=True)))
        for model in models
        for part, pool in parts
        for combination in values
    ]


def _parts(name: str, changes: Sequence[str]) -> list[tuple[Accelerator, CalibrationPool]]:
    """An accelerator as it is, and with the changes where there are any."""
    part = load_accelerator(name)
    pool = calibration_pool(name, part)
    return [(part, pool), (apply_overrides(part, changes), pool)] if changes else [(part, pool)]


def setup_of(model: str, part: Accelerator, pool: CalibrationPool, chosen: Mapping[str, object]) -> Setup:
    """Setup of a model on an accelerator with values of some of :data:`AXES`. Raises as :func:`every_setup`."""
    wanted = typed_changes(chosen)
    host = wanted.run.get("host")
    settings, remark = settings_on(model, part, wanted.settings)
    if wanted.settings.get("dtype") == AUTO:
        chosen = {**chosen, "dtype": number_format(settings["dtype"])}
    return Setup(
        model=model,
        accelerator=part,
        calibrations=pool,
        settings=settings,
        execution=wanted.execution(Execution(channels_last=runs_channels_last(model))),
        host=load_host(host) if host else None,
        chosen=chosen,
        remark=remark,
    )


@functools.lru_cache(maxsize=8)
def _graph(model: str, settings: tuple[tuple[str, object], ...]) -> OpGraph:
    """Operators of a workload; those of neighbouring rows are often the same."""
    return graph_of(model, dict(settings))
