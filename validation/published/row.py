"""One row of a table of published figures as a case, or the reason why it is none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hw_specs import load_accelerator
from simulator.parallel.scheme import Scheme

from .case import Case
from .device import accelerator_of
from .figure import figure_of, is_kernel, part_of
from .language import lengths_of
from .names import (
    Engine,
    Model,
    Names,
    Precision,
    Remark,
    Script,
    Source,
    Unmappable,
    WorkloadKind,
    all_that_fit,
    first_that_fits,
)

__all__ = ["Unmappable", "case_of_row"]

Row = Mapping[str, str]
Settings = dict[str, bool | int | float | str]
Chosen = dict[str, str | bool | tuple[str, ...]]


def case_of_row(row: Row, names: Names) -> Case:
    """Case of one row, whose names mean what a map says. Raises :class:`Unmappable` with the reason if it is none."""
    assumed: list[str] = []
    if is_kernel(row, names):
        raise Unmappable("single kernel, which `validate kernels` reads")
    model = _model(row["model"], names, assumed)
    kind = names.workload(model.workload)
    source = _source(row, names)
    if source.refuse:
        raise Unmappable(source.refuse)
    device = _device(row, names, assumed)
    row = {**row, "compile": row["compile"] or source.compile}
    execution = _execution(row, names, kind, assumed)
    replicas = Scheme.parse(str(execution.get("parallel", ""))).data
    settings = _settings(row, names, model, kind, assumed)
    figure = figure_of(row, names, model=model, kind=kind, settings=settings, runs=source.runs, replicas=replicas)
    if not row["source"]:
        raise Unmappable("source is not stated")
    said = _said(row)
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
            "engine": _engine(row, names).name,
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
    named, known = accelerator_of(row["device"], names, assumed).name, _source(row, names).accelerator
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


def _said(row: Row) -> str:
    """What a row says of a run in words: the columns of precision and compilation and the notes, a line each."""
    return "\n".join((row["precision"], row["compile"], row.get("notes", "")))


def _model(name: str, names: Names, assumed: list[str]) -> Model:
    model = first_that_fits(names.models, name.strip())
    if model is None:
        raise Unmappable("model is no workload")
    if model.assumed:
        assumed.append(model.assumed)
    return model


def _engine(row: Row, names: Names) -> Engine:
    engine = first_that_fits(names.engines, row["compile"])
    if engine is None:
        raise Unmappable("engine is not modelled" if row["compile"] else "engine is not stated")
    return engine


def _execution(row: Row, names: Names, kind: WorkloadKind, assumed: list[str]) -> Chosen:
    engine = _engine(row, names)
    if engine.assumed:
        assumed.append(engine.assumed)
    remarks = list(all_that_fit(names.remarks, _said(row)))
    scripts = list(all_that_fit(names.scripts, f"{row['source']}\n{_said(row)}"))
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
        "matmul_tf32": (precision is not None and precision.tf32) or _source(row, names).tf32,
        "channels_last": any(remark.channels_last for remark in remarks) or _lies_so(engine.mode, scripts),
        **_autocast(row, names, engine, precision),
        **_offload(remarks),
        **_of_denoiser(engine.mode, scripts, kind),
        **_split(row, names),
        **_quantization(precision, scripts, kind),
    }


def _usual(row: Row, names: Names, engine: Engine, kind: WorkloadKind) -> str | None:
    """Attention of a run whose columns do not say it."""
    return _source(row, names).attention or engine.attention or kind.attention


def _autocast(row: Row, names: Names, engine: Engine, precision: Precision | None) -> dict[str, bool]:
    """Whether PyTorch runs under autocast, by the row's precision or by its source's script; engines have none."""
    source = _source(row, names)
    by_script = source.autocast and row.get("component") != source.plain
    holds = by_script or (precision is not None and precision.autocast)
    return {"autocast": True} if holds and not engine.name else {}


def _offload(remarks: Sequence[Remark]) -> dict[str, str]:
    said = next((remark.offload for remark in remarks if remark.offload), "")
    return {"offload": said} if said else {}


def _plain_attention(row: Row, names: Names) -> str:
    """Name of an attention without what it says of a split over devices."""
    several = _whole(row, "n_devices") not in (None, 1)
    return re.sub(names.scheme_words, "", row["attention_impl"]).strip() if several else row["attention_impl"]


def _split(row: Row, names: Names) -> dict[str, str]:
    """How a run is split over devices, as its row or its source says."""
    devices = _whole(row, "n_devices") or 1
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


def _source(row: Row, names: Names) -> Source:
    said = "\n".join(row[column] for column in ("source", "device", "precision", "attention_impl"))
    return first_that_fits(names.sources, said) or Source(contains="")


def _settings(row: Row, names: Names, model: Model, kind: WorkloadKind, assumed: list[str]) -> Settings:
    settings = _dtype(row, names, kind, assumed)
    settings["batch"] = _batch(row, names)
    if kind.decodes:
        return settings | _language_settings(row, names, assumed)
    for column, name in (("height", "height"), ("width", "width"), ("steps", "num_inference_steps")):
        number = _whole(row, column)
        if number is not None:
            settings[name] = number
        elif column != "steps" or _is_whole(row, names):
            assumed.append(f"{column} of the pipeline")
    settings |= _frames(row, kind, assumed) | _scheduler(row, names, model)
    settings |= _adapter(row, names, model) | _autoencoder(row, names)
    if kind.guided and (row.get("guidance", "") or ("yes" if model.guided else "no")) == "no":
        settings["guidance_scale"] = 1.0
    return settings


def _batch(row: Row, names: Names) -> int:
    """Samples of one run on one device, or on those that it is split over."""
    batch = _whole(row, "batch") or 1
    of_all = any(remark.batch_of_all for remark in all_that_fit(names.remarks, _said(row)))
    devices = (_whole(row, "n_devices") or 1) if of_all else 1
    if batch % devices:
        raise Unmappable(f"batch of {batch} does not go over {devices} devices evenly")
    return batch // devices


def _adapter(row: Row, names: Names, model: Model) -> Settings:
    """Adapter that a source's script loads, else the one that the model's name tells."""
    if not model.lora:
        return {}
    scripts = all_that_fit(names.scripts, f"{row['source']}\n{_said(row)}")
    return {"lora": next((line.lora for line in scripts if line.lora), model.lora)}


def _autoencoder(row: Row, names: Names) -> Settings:
    """How the autoencoder runs, as the notes have it."""
    remarks = list(all_that_fit(names.remarks, _said(row)))
    dtype = next((remark.vae_dtype for remark in remarks if remark.vae_dtype), "")
    tiles: Settings = {"vae_tiling": True} if any(remark.vae_tiling for remark in remarks) else {}
    return {"vae_dtype": dtype, **tiles} if dtype else tiles


def _is_whole(row: Row, names: Names) -> bool:
    part = part_of(row, names)
    return part is not None and part.part == "whole"


def _scheduler(row: Row, names: Names, model: Model) -> Settings:
    """Scheduler that a row, its source or the pipeline's repository names; the workload's own otherwise."""
    said = first_that_fits(names.schedulers, "\n".join(row.get(column, "") for column in ("model", "source", "notes")))
    return {"scheduler": said.scheduler} if said else {}


def _frames(row: Row, kind: WorkloadKind, assumed: list[str]) -> Settings:
    frames = _whole(row, "frames")
    if not kind.video:
        if frames is not None and frames > 1:
            raise Unmappable("frames of a model that makes images")
        return {}
    if frames is None:
        assumed.append("frames of the pipeline")
        return {}
    return {"num_frames": frames}


def _dtype(row: Row, names: Names, kind: WorkloadKind, assumed: list[str]) -> Settings:
    precision = first_that_fits(names.precisions, row["precision"])
    if precision is None:
        raise Unmappable("precision is not modelled")
    if precision.assumed:
        assumed.append("precision")
    own = kind.formats.get(row.get("component", ""))
    if own:
        return {"vae_dtype": precision.dtype} if precision.dtype not in ("", own) else {}
    return {"dtype": precision.dtype} if precision.dtype else {}


def _whole(row: Row, column: str) -> int | None:
    """Positive whole number of a column, None where it is empty."""
    text = row.get(column, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise Unmappable(f"{column} is not a number") from None
    if not (1 <= value < _LARGEST and value == int(value)):
        raise Unmappable(f"{column} is not a positive whole number below {_LARGEST}")
    return int(value)


# No published run has as many images, pixels to a side or steps.
_LARGEST = 100_000


def _language_settings(row: Row, names: Names, assumed: list[str]) -> Settings:
    """Tokens in and out of a language model's run, as its notes or its source have them, and the engine's cache."""
    lengths = lengths_of(row.get("notes", ""), names.lengths, _source(row, names))
    if lengths is None:
        raise Unmappable("lengths are not stated")
    if not lengths.stated:
        assumed.append(f"prompt of {lengths.prompt} tokens")
    engine = first_that_fits(names.engines, row["compile"])
    cache = {"kv_cache": engine.kv_cache} if engine and engine.kv_cache else {}
    return {"prompt_length": lengths.prompt, "max_new_tokens": lengths.generated, **cache, **_cache_format(row, names)}


def _cache_format(row: Row, names: Names) -> dict[str, str]:
    """Format in which a quantised run keeps keys and values, where its source's script says one."""
    precision = first_that_fits(names.precisions, row["precision"])
    scripts = all_that_fit(names.scripts, f"{row['source']}\n{_said(row)}")
    said = next((script.kv_cache_dtype for script in scripts if script.kv_cache_dtype), "")
    return {"kv_cache_dtype": said} if said and precision is not None and precision.quantize else {}
