"""Published figures as cases: what was run, on what, what was measured, who says so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import pydantic

from hw_specs import SpecError
from hw_specs.errors import ComplaintsError
from hw_specs.reading.explain import validated
from hw_specs.reading.yaml_loader import read_yaml
from simulator.execution import Execution
from simulator.parallel.scheme import Scheme
from simulator.software import load_software

__all__ = ["CASES", "Case", "CaseError", "load_case", "load_cases"]

CASES = Path(__file__).parent / "cases"

Grade = Literal["A", "B", "C"]


class CaseError(ComplaintsError):
    """A case file that cannot be read or does not say what a case must say."""


class Case(pydantic.BaseModel):
    """One published figure.

    Attributes
    ----------
    id : str
        Unique; the file's name without its ending.
    model : str
        Workload on the command line.
    device : str
        Accelerator's name in :mod:`hw_specs`.
    settings : mapping
        Fields of :class:`tracer.graph.Workload` that differ from the pipeline's defaults.
    execution : mapping
        Fields of :class:`simulator.execution.Execution`.
    quantity : {"latency", "stage_latency", "component_latency", "step_latency"}
        Elapsed time of the whole run; of one run of `stage`; of all stages that run the component `stage`; or of one
        denoising step in which several stages run in turn: `stage`, and those named after it (``transformer_2``).
    stage : str, optional
    sliced_decoder : bool
        Whether the decoder ran on one image after another, whatever the batch.
    value : float
        Measured time. [s]
    source : str
        Who published it, and where.
    engine : str
        What ran it, where that is no framework's own execution: ``OneDiff``.
    software : str
        Release of the framework that the source states, such as ``torch-2.1``.
    host : str
        Host (:mod:`simulator.hosts`) where source or form factor tell it; empty for the default one.
    newest_then : str
        Release that was the newest one when the source published its figures, where it states none.
    options : tuple of str
        What the source's script switches on that no other field says.
    grade : {"A", "B", "C"}
        A: fully specified; B: one field is assumed; C: more than one.
    assumed : tuple of str
        What the source leaves open and this case assumes.
    notes : str
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    id: str
    model: str
    device: str
    settings: Mapping[str, bool | int | float | str] = pydantic.Field(default_factory=dict)
    execution: Mapping[str, str | bool | tuple[str, ...]] = pydantic.Field(default_factory=dict)
    quantity: Literal["latency", "stage_latency", "component_latency", "step_latency"] = "latency"
    stage: str | None = None
    sliced_decoder: bool = False
    value: Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)]
    source: Annotated[str, pydantic.Field(min_length=1)]
    engine: str = ""
    software: str = ""
    newest_then: str = ""
    host: str = ""
    options: tuple[str, ...] = ()
    grade: Grade
    assumed: tuple[str, ...] = ()
    notes: str = ""

    def to_execution(self) -> Execution:
        """How the run was executed, by the release that its source states, or by what was to be had then.

        Raises
        ------
        ExecutionError, SoftwareError
            There is no such choice, or nothing describes the release.
        """
        software = load_software(self.software or self.newest_then)
        chosen = {name: value for name, value in self.execution.items() if name != "parallel"}
        return Execution(**chosen, software=software, parallel=self.scheme)  # type: ignore[arg-type]  # checks itself

    @property
    def scheme(self) -> Scheme:
        """How the run is split over devices."""
        return Scheme.parse(str(self.execution.get("parallel", "")))


def load_case(path: Path) -> Case:
    """Case from its YAML file.

    Raises
    ------
    CaseError
        The file is not YAML, lacks a field, has one too many, or a value is out of range: every one of them.
    """
    try:
        data = read_yaml(path)
        if not isinstance(data, Mapping) or "id" in data:
            raise CaseError(f"{path}: must hold the fields of a case but its id, which is the name of the file")
        return validated({"id": path.stem, **data}, Case, where=str(path))
    except SpecError as error:
        raise CaseError(str(error), error.complaints) from error


def load_cases(folder: Path = CASES) -> tuple[Case, ...]:
    """All cases of a folder, by file name. Raises :class:`CaseError` with what is wrong in any of its files."""
    cases, complaints = list[Case](), list[str]()
    for path in sorted(folder.glob("*.yaml")):
        try:
            cases.append(load_case(path))
        except CaseError as error:
            complaints += error.complaints
    if complaints:
        raise CaseError(complaints[0], tuple(complaints))
    return tuple(cases)
