"""How the run of a row was executed: mode, attention, scheme, split and what its source's script does."""

from __future__ import annotations

import re
from collections.abc import Sequence

from simulator.parallel.scheme import Scheme
from validation.published.names import (
    Engine,
    Names,
    Precision,
    Remark,
    Script,
    Unmappable,
    WorkloadKind,
    all_that_fit,
    first_that_fits,
)

from .columns import Row, engine_of, source_of, whole_number, words_of

__all__ = ["Chosen", "execution_of"]

Chosen = dict[str, str | bool | tuple[str, ...]]


def execution_of(row: Row, names: Names, kind: WorkloadKind, assumed: list[str]) -> Chosen:
    """Fields of :class:`~simulator.execution.Execution` of a row's run; what is assumed of it is added to `assumed`.

    Raises
    ------
    Unmappable
        It ran in a way that is not modelled, or does not say how.
    """
    engine = engine_of(row, names)
    if engine.assumed:
        assumed.append(engine.assumed)
    remarks = list(all_that_fit(names.remarks, words_of(row)))
    scripts = list(all_that_fit(names.scripts, f"{row['source']}\n{words_of(row)}"))
    refused = next((remark.refuse for remark in remarks if remark.refuse), "")
    if refused:
        raise Unmappable(refused)
    precision = first_that_fits(names.precisions, row["precision"])
    mode = _mode(engine.mode, remarks, scripts)
    attention = _attention(_plain_attention(row, names), names, _usual(row, names, engine, kind), assumed)
    return {
        "mode": mode,
        "attention": _of_script(mode, scripts) or attention,
        **_tuned(mode, remarks, scripts),
        "matmul_tf32": (precision is not None and precision.tf32) or source_of(row, names).tf32,
        "channels_last": any(remark.channels_last for remark in remarks) or _lies_so(engine.mode, scripts),
        **_autocast(row, names, engine, precision),
        **_offload(remarks),
        **_of_denoiser(engine.mode, scripts, kind),
        **_split(row, names),
        **_quantization(precision, scripts, kind),
    }


def _usual(row: Row, names: Names, engine: Engine, kind: WorkloadKind) -> str | None:
    """Attention of a run whose columns do not say it."""
    return source_of(row, names).attention or engine.attention or kind.attention


def _autocast(row: Row, names: Names, engine: Engine, precision: Precision | None) -> dict[str, bool]:
    """Whether PyTorch runs under autocast, by the row's precision or by its source's script; engines have none."""
    source = source_of(row, names)
    by_script = source.autocast and row.get("component") != source.plain
    holds = by_script or (precision is not None and precision.autocast)
    return {"autocast": True} if holds and not engine.name else {}


def _offload(remarks: Sequence[Remark]) -> dict[str, str]:
    said = next((remark.offload for remark in remarks if remark.offload), "")
    return {"offload": said} if said else {}


def _plain_attention(row: Row, names: Names) -> str:
    """Name of an attention without what it says of a split over devices."""
    several = whole_number(row, "n_devices") not in (None, 1)
    return re.sub(names.scheme_words, "", row["attention_impl"]).strip() if several else row["attention_impl"]


def _split(row: Row, names: Names) -> dict[str, str]:
    """How a run is split over devices, as its row or its source says."""
    devices = whole_number(row, "n_devices") or 1
    if devices == 1:
        return {}
    columns = ("source", "model", "device", "n_devices", "height", "attention_impl", "notes")
    text = "\n".join(row.get(column, "") for column in columns)
    line = first_that_fits(names.schemes, text)
    if line is None or not line.parallel:
        raise Unmappable(line.reason if line else "split over several devices is not stated")
    found = re.search(line.contains or line.pattern or "", text, re.IGNORECASE | re.DOTALL)
    scheme = Scheme.parse(found.expand(line.parallel).replace("N", str(devices)) if found else "")
    if scheme.devices != devices:
        raise Unmappable(f"{scheme} is not {devices} devices")
    return {"parallel": str(scheme)}


def _quantization(precision: Precision | None, scripts: Sequence[Script], kind: WorkloadKind) -> dict[str, str]:
    """Scheme of a run that is quantised, with the components that it is for."""
    if precision is None or not precision.quantize:
        return {}
    scheme = next((script.quantize for script in scripts if script.quantize), precision.quantize)
    if kind.decodes:
        return {"quantize": scheme}
    beside = (*precision.quantizes, *(name for script in scripts for name in script.quantizes))
    return {"quantize": f"{scheme}:{','.join((kind.denoiser, *beside))}"}


def _mode(mode: str, remarks: Sequence[Remark], scripts: Sequence[Script]) -> str:
    says_so = any(remark.compiled_as_graph for remark in remarks) or any(script.graph for script in scripts)
    return "compiled-graph" if mode == "compiled" and says_so else mode


def _of_script(mode: str, scripts: Sequence[Script]) -> str:
    """Attention that a script asks for where it compiles; empty where it leaves that to the framework."""
    return next((script.attention for script in scripts if script.attention and mode.startswith("compiled")), "")


def _tuned(mode: str, remarks: Sequence[Remark], scripts: Sequence[Script]) -> dict[str, bool]:
    """Whether the compiler tunes what it generates."""
    says_so = any(remark.max_autotune for remark in remarks) or any(script.max_autotune for script in scripts)
    return {"max_autotune": True} if says_so and mode.startswith("compiled") else {}


def _lies_so(mode: str, scripts: Sequence[Script]) -> bool:
    """Whether a script makes images lie channels-last, whatever its row says."""
    runs = {script.channels_last for script in scripts}
    return "every" in runs or ("compiled" in runs and mode == "compiled")


def _of_denoiser(mode: str, scripts: Sequence[Script], kind: WorkloadKind) -> dict[str, tuple[str, ...]]:
    """What is done to the denoiser alone, which is a component by the name of its stage."""
    compiled = mode == "compiled" and any(script.compiles == "denoiser" for script in scripts)
    laid_out = any(script.channels_last_of == "denoiser" for script in scripts)
    named = {"components": compiled, "channels_last_components": laid_out}
    return {name: (kind.denoiser, *kind.beside) for name, holds in named.items() if holds}


def _attention(name: str, names: Names, unstated: str | None, assumed: list[str]) -> str:
    """Attention that ran; where the source does not say, what it must have been."""
    entry = first_that_fits(names.attentions, name)
    attention = entry.attention if entry is not None else unstated if not name else None
    if attention is None:
        raise Unmappable("attention is not modelled" if name else "attention is not stated")
    if entry is None or entry.assumed:
        assumed.append("attention")
    return attention
