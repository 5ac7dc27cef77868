"""What the run of a row makes: sizes, batch, steps, formats, tokens, and what is assumed of them."""

from __future__ import annotations

from validation.published.names import Model, Names, Unmappable, WorkloadKind, all_that_fit, first_that_fits

from .columns import Row, source_of, whole_number, words_of
from .figure import part_of
from .language import lengths_of

__all__ = ["Settings", "settings_of"]

Settings = dict[str, bool | int | float | str]


def settings_of(row: Row, names: Names, model: Model, kind: WorkloadKind, assumed: list[str]) -> Settings:
    """Fields of :class:`tracer.graph.Workload` of a row's run; what is assumed of it is added to `assumed`.

    Raises
    ------
    Unmappable
        A size is no whole number, or a language model's lengths are not stated.
    """
    settings = _dtype(row, names, kind, assumed)
    settings["batch"] = _batch(row, names)
    if kind.decodes:
        return settings | _language_settings(row, names, assumed)
    for column, name in (("height", "height"), ("width", "width"), ("steps", "num_inference_steps")):
        number = whole_number(row, column)
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
    batch = whole_number(row, "batch") or 1
    of_all = any(remark.batch_of_all for remark in all_that_fit(names.remarks, words_of(row)))
    devices = (whole_number(row, "n_devices") or 1) if of_all else 1
    if batch % devices:
        raise Unmappable(f"batch of {batch} does not go over {devices} devices evenly")
    return batch // devices


def _adapter(row: Row, names: Names, model: Model) -> Settings:
    """Adapter that a source's script loads, else the one that the model's name tells."""
    if not model.lora:
        return {}
    scripts = all_that_fit(names.scripts, f"{row['source']}\n{words_of(row)}")
    return {"lora": next((line.lora for line in scripts if line.lora), model.lora)}


def _autoencoder(row: Row, names: Names) -> Settings:
    """How the autoencoder runs, as the notes have it."""
    remarks = list(all_that_fit(names.remarks, words_of(row)))
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
    frames = whole_number(row, "frames")
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


def _language_settings(row: Row, names: Names, assumed: list[str]) -> Settings:
    """Tokens in and out of a language model's run, as its notes or its source have them, and the engine's cache."""
    lengths = lengths_of(row.get("notes", ""), names.lengths, source_of(row, names))
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
    scripts = all_that_fit(names.scripts, f"{row['source']}\n{words_of(row)}")
    said = next((script.kv_cache_dtype for script in scripts if script.kv_cache_dtype), "")
    return {"kv_cache_dtype": said} if said and precision is not None and precision.quantize else {}
