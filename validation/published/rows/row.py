"""One row of a table of published figures as a case, or the reason why it is none."""

from __future__ import annotations

import re

from hw_specs import load_accelerator
from simulator.parallel.scheme import Scheme
from validation.published.case import Case
from validation.published.names import Model, Names, Unmappable, all_that_fit, first_that_fits

from .columns import Row, engine_of, source_of, words_of
from .device import accelerator_of
from .execution import execution_of
from .figure import figure_of, is_kernel
from .settings import Settings, settings_of

__all__ = ["Unmappable", "case_of_row"]


def case_of_row(row: Row, names: Names) -> Case:
    """Case of one row, whose names mean what a map says. Raises :class:`Unmappable` with the reason if it is none."""
    assumed: list[str] = []
    if is_kernel(row, names):
        raise Unmappable("single kernel, which `validate kernels` reads")
    model = _model(row["model"], names, assumed)
    kind = names.workload(model.workload)
    source = source_of(row, names)
    if source.refuse:
        raise Unmappable(source.refuse)
    device = _device(row, names, assumed)
    row = {**row, "compile": row["compile"] or source.compile}
    execution = execution_of(row, names, kind, assumed)
    replicas = Scheme.parse(str(execution.get("parallel", ""))).data
    settings = settings_of(row, names, model, kind, assumed)
    figure = figure_of(row, names, model=model, kind=kind, settings=settings, runs=source.runs, replicas=replicas)
    if not row["source"]:
        raise Unmappable("source is not stated")
    said = words_of(row)
    return Case.model_validate(
        {
            "id": row["id"],
            "model": model.workload,
            "device": device,
            "settings": settings,
            "execution": execution,
            "quantity": figure.quantity,
            "stage": figure.stage,
            "value": figure.value,
            "source": row["source"],
            "engine": engine_of(row, names).name,
            "software": names.release(said),
            "newest_then": names.newest_then(row["source"]),
            "host": _host(row, device, names),
            "options": tuple(line.option for line in all_that_fit(names.options, said)),
            "grade": _grade(row.get("notes", ""), len(assumed)),
            "sliced_decoder": figure.quantity == "latency" and _slices_decoder(row, settings),
            "assumed": tuple(assumed),
            "notes": row.get("notes", ""),
        }
    )


def _device(row: Row, names: Names, assumed: list[str]) -> str:
    """Accelerator of a row: that of its name, or of its source where the name leaves the variant open."""
    named, known = accelerator_of(row["device"], names, assumed).name, source_of(row, names).accelerator
    return load_accelerator(known).name if known and names.device_left_open in row["device"] else named


def _host(row: Row, device: str, names: Names) -> str:
    """Host that drives an accelerator in a source; empty where nothing tells it from the default one."""
    form = load_accelerator(device).form_factor or ""
    line = first_that_fits(names.hosts, f"{row['device']}\n{form}\n{row['source']}")
    return line.host if line else ""


def _grade(notes: str, num_assumed: int) -> str:
    """A: fully specified; B: the source or we assume one thing; C: more. Sources of grade B have assumed one."""
    return "ABC"[min(max(num_assumed, 0 if "q=A" in notes else 1), 2)]


def _slices_decoder(row: Row, settings: Settings) -> bool:
    """Whether images are decoded one by one: ``enable_vae_slicing``, from a batch on where the notes name one."""
    notes = row.get("notes", "").lower()
    from_batch = re.search(r"vae slicing at batch>=(\d+)", notes)
    return int(settings["batch"]) >= (int(from_batch.group(1)) if from_batch else 1) if "slicing" in notes else False


def _model(name: str, names: Names, assumed: list[str]) -> Model:
    model = first_that_fits(names.models, name.strip())
    if model is None:
        raise Unmappable("model is no workload")
    if model.assumed:
        assumed.append(model.assumed)
    return model
