"""What a page is told, as plain data for JSON: the form of a design, its figures, what is known of it in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from typing import Any

from hw_specs import number_format
from simulator.comparison import speedup_between
from simulator.execution import ATTENTION_CHOICES, EXECUTION_MODES, FRAMEWORKS_CHOICE, Execution
from simulator.hosts.catalogue import DEFAULT_HOST, list_hosts
from simulator.parallel.scheme import Scheme
from simulator.profile.beside import other_attention, with_one_device
from simulator.profile.kernels import origins
from simulator.quantization import UNQUANTIZED, list_schemes
from simulator.report import Report
from simulator.simulation import Simulation
from simulator.software import list_software, newest_software
from simulator.unread import remarks_on
from simulator.views.html.drawing import COLOURS, SYMBOLS, category_label, quantity
from simulator.views.html.page import Page
from simulator.views.html.report_page import answer, report_page
from simulator.views.report import notes
from simulator.whatif.setups import Setup
from tracer.library.graphs import pipeline_of

from .design import Design
from .figures import Figures, LoweredDesign
from .sliders import ENDS, sliders
from .workshop import Workshop

__all__ = ["choices", "compared", "details", "figures", "form", "parts", "report"]

_FORMATS = ("float16", "bfloat16", "float32")
_SIZES = {
    "height": "Height [px]",
    "width": "Width [px]",
    "num_frames": "Frames",
    "num_inference_steps": "Steps",
    "batch": "Batch",
    "prompt_length": "Prompt [tokens]",
    "max_new_tokens": "New tokens",
    "context_length": "Context [tokens]",
}


def choices(workshop: Workshop) -> dict[str, Any]:
    """What may be chosen whatever the model: names, and how categories are drawn."""
    return {
        "models": list(workshop.offer.models),
        "accelerators": list(workshop.offer.accelerators),
        "categories": {
            name: {"label": category_label(name), "colour": colour, "symbol": SYMBOLS[name]}
            for name, colour in COLOURS.items()
        },
        "ends": ENDS,
    }


def form(workshop: Workshop, design: Design) -> list[dict[str, Any]]:
    """Fields of a design beside model and accelerator: name, label, value, default, and choices or a kind."""
    defaults, given = asdict(pipeline_of(workshop.offer.models[design.model]).defaults), dict(design.settings)
    fields = [*_sizes(workshop.offer.models[design.model]), *_chosen(defaults["dtype"])]
    fields.append({"name": "parallel", "label": "Parallel", "kind": "text", "default": "1", "hint": "ulysses=4,cfg=2"})
    others = [name for name in given if name not in {field["name"] for field in fields}]
    fields += [{"name": name, "label": name.replace("_", " "), "kind": "text", "default": ""} for name in others]
    return [{**field, "value": given.get(field["name"], field["default"])} for field in fields]


def _sizes(model: str) -> Iterator[dict[str, Any]]:
    """Sizes that a model has."""
    pipeline = pipeline_of(model)
    defaults = asdict(pipeline.defaults)
    for name, label in _SIZES.items():
        if defaults[name] is not None:
            step = pipeline.size_multiple if name in ("height", "width") else 1
            yield {"name": name, "label": label, "kind": "number", "default": str(defaults[name]), "step": step}


def _chosen(dtype: str) -> Iterator[dict[str, Any]]:
    """Settings whose values have names, given the number format of the model."""
    valid: tuple[tuple[str, str, str, Iterable[str]], ...] = (
        ("dtype", "Number format", number_format(dtype), ("auto", *map(number_format, _FORMATS))),
        ("attention", "Attention", FRAMEWORKS_CHOICE, ATTENTION_CHOICES),
        ("execution", "Execution", EXECUTION_MODES[0], EXECUTION_MODES),
        ("quantize", "Quantisation", UNQUANTIZED, (UNQUANTIZED, *list_schemes())),
        ("software", "Software", newest_software().name, list_software()),
        ("host", "Host", DEFAULT_HOST, list_hosts()),
    )
    for name, label, default, values in valid:
        yield {"name": name, "label": label, "kind": "choice", "default": default, "choices": list(values)}


def parts(workshop: Workshop, design: Design) -> dict[str, Any]:
    """What does not move with the numbers: kernels as a roofline needs them, and sliders. Raises as ``lowered``."""
    lowered, base = workshop.lowered(design), workshop.base(design)
    return {
        "kernels": list(_kernels(lowered)),
        "sliders": [asdict(each) for each in sliders(lowered, base.accelerator, workshop.chosen(design))],
    }


def _kernels(lowered: LoweredDesign) -> Iterator[dict[str, Any]]:
    """Distinct kernels that are launched, with their work; a row is their place among the times of figures."""
    table = lowered.run.kernels
    operations = table.matrix_flops + table.vector_flops
    for row, first in sorted(origins(lowered.run.launches).items()):
        yield {
            "row": row,
            "kernel": table.name[row],
            "format": table.number_format[row],
            "launches": float(table.count[row]),
            "operations": float(operations[row]),
            "bytes": float(table.bytes[row]),
            **first,
        }


def figures(found: Figures, design: Design) -> dict[str, Any]:
    """Figures of a design; what is not known is null."""
    plain = {name: getattr(found, name) for name in ("stages", "categories", "gains", "throughput", "fits", "price")}
    numbers = {name: getattr(found, name) for name in ("latency", "low", "high", "energy", "outputs", "peak_memory")}
    return {
        **plain,
        **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
        "capacity": found.capacity,
        "times": [float(f"{time:.4g}") for time in found.times.tolist()],
        "ceilings": [asdict(each) for each in found.ceilings],
        "cost": _cost(found, design),
    }


def _cost(found: Figures, design: Design) -> float | None:
    """What a thousand outputs cost, of all devices that make them; None without a rent. [currency of the reader]"""
    if design.rent is None or not found.outputs > 0:
        return None
    devices = Scheme.parse(dict(design.settings).get("parallel", "")).devices
    return 1000.0 * design.rent * devices / (3600.0 * found.outputs)


def details(workshop: Workshop, design: Design) -> dict[str, Any]:
    """What a whole simulation says in words. Raises as :meth:`Workshop.simulation`."""
    found = workshop.simulation(design)
    report = found.report
    bounds = sorted(asdict(report.bound).items(), key=lambda item: -item[1])
    return {
        "answer": answer(report),
        "warnings": _warnings(report),
        "notes": [*_remarks(workshop, design, workshop.setup(design)), *notes(report)],
        "bound": [(name, share) for name, share in bounds if share >= 0.005],
        "command": design.command(workshop.offer),
    }


def _warnings(report: Report) -> list[str]:
    found = (
        []
        if report.fits
        else [
            f"Does not fit: the run needs {quantity(report.peak_memory, 'B')} of memory, the accelerator has "
            f"{quantity(report.memory_capacity, 'B')}."
        ]
    )
    return [*found, *(f"Without a formula: {item.operator}; its time is missing." for item in report.unmodelled)]


def _remarks(workshop: Workshop, design: Design, setup: Setup) -> tuple[str, ...]:
    base = workshop.base(design)
    devices = setup.execution.parallel.devices
    idle = remarks_on(base.name, base.accelerator, design.changes, base.calibrations, devices=devices)
    return (*((setup.remark,) if setup.remark else ()), *idle)


def compared(first: Simulation, second: Simulation) -> dict[str, Any]:
    """How many times as fast the second run is as the first, with the ends of the interval where there is one."""
    found = speedup_between(second, first)
    interval = found.interval
    return {
        "ratio": found.ratio,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "faster": None if interval is None else interval.probability_above(1.0),
    }


def report(workshop: Workshop, design: Design) -> Page:
    """Page of a design as ``--report`` writes it. Raises as :meth:`Workshop.simulation`."""
    found, setup = workshop.simulation(design), workshop.setup(design)

    def rerun(execution: Execution) -> Simulation:
        return workshop.simulated(replace(setup, execution=execution))

    return report_page(
        found,
        report=with_one_device(found, setup.execution, rerun),
        others=other_attention(found, setup.execution, rerun),
        remarks=_remarks(workshop, design, setup),
        command=design.command(workshop.offer),
    )
