"""Published end-to-end figures in a CSV table: each row as a case, or a reason why it is none."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydantic

from hw_specs import SpecError, load_accelerator

from .cases import Case, CaseError
from .measured_rows import whole_number

__all__ = ["Published", "Unmapped", "case_of_row", "read_published"]

_COLUMNS = frozenset({"id", "model", "device", "precision", "attention_impl", "compile", "metric", "value", "source"})

# Pipelines whose denoiser is the workload's own, by the model column. The second part: image-to-image and inpainting
# run the same denoiser, but another number of steps and a VAE encoder, so that only their denoiser is comparable.
_MODELS: tuple[tuple[str, str, bool], ...] = (
    (r"^stable diffusion (v?1(\.[45])?)( txt2img)?( \(compvis.*\))?$", "stable-diffusion", True),
    (r"^stable diffusion (v?1(\.[45])?) (img2img|inpaint)$", "stable-diffusion", False),
    (r"^stable diffusion v?2\.1$", "sd2.1", True),
    (r"^(sdxl|stable diffusion xl)( base)?( 1\.0)?$", "sdxl", True),
    (r"^flux\.1-dev$", "flux-dev", True),
    (r"^flux\.1-schnell$", "flux-schnell", True),
    (r"^pixart[- ]alpha( xl-2-1024-ms)?$", "pixart-alpha", True),
    (r"^pixart[- ]sigma$", "pixart-sigma", True),
    (r"^llama-2-7b$", "llama2-7b", True),
    (r"^llama-2-13b$", "llama2-13b", True),
    (r"^llama-2-70b$", "llama2-70b", True),
)
_PRECISIONS = {
    "fp16": ("float16", False),
    "fp16 (assumed)": ("float16", True),
    "fp16 (declared)": ("float16", False),
    "bf16": ("bfloat16", False),
    "bf16 bfl": ("bfloat16", False),
    "fp32": ("float32", False),
    "tf32": ("float32", False),
}
_ATTENTION = {
    "sdpa": ("flash", False),
    "sdpa (assumed)": ("flash", True),
    "sdpa mem-efficient": ("flash", False),
    "xformers": ("flash", False),
    "flash1": ("flash", False),
    "flash2": ("flash2", False),
    "flash3": ("flash3", False),
    "cudnn": ("cudnn", False),
    "naive": ("naive", False),
    "math (sdpa math kernel)": ("naive", False),
}
# A family whose variant the source does not say: the variant that most sources that do say it ran.
_AMBIGUOUS = {
    "a100": "A100-SXM4-80GB",
    "h100": "H100-SXM5-80GB",
    "h100 80gb": "H100-SXM5-80GB",
    "v100": "V100-SXM2-16GB",
    "a100-80gb": "A100-SXM4-80GB",
    "a100-40gb": "A100-SXM4-40GB",
}
# Sources whose script sets ``torch.set_float32_matmul_precision("high")``, so that float32 products are tf32
# (huggingface/diffusion-fast, run_benchmark.py, which made these tables).
_TF32_SOURCES = re.compile(r"fast_diffusion\.md|sayakpaul/sample-datasets")
_DENOISERS = {"unet": "unet", "transformer": "transformer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmapped:
    """A row that is no case, and why."""

    id: str
    model: str
    device: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Cases of a table, and the rows that are none."""

    cases: tuple[Case, ...]
    unmapped: tuple[Unmapped, ...] = field(default=())


class _Unmappable(Exception):  # noqa: N818  # never leaves this module
    """Why a row is no case."""


def read_published(path: Path) -> Published:
    """Cases of a CSV table, plain or gzip.

    Raises
    ------
    CaseError
        The file is missing, no CSV, or lacks a column.
    """
    cases, unmapped = [], []
    for row in _rows(path):
        try:
            cases.append(case_of_row(row))
        except _Unmappable as error:
            unmapped.append(
                Unmapped(
                    id=row.get("id") or "?",
                    model=row.get("model") or "?",
                    device=row.get("device") or "?",
                    reason=str(error),
                )
            )
    return Published(cases=tuple(cases), unmapped=tuple(unmapped))


def case_of_row(row: Mapping[str, str]) -> Case:
    """Case of one row. Raises a private exception with the reason where it is none."""
    assumed: list[str] = []
    model, whole = _model(row["model"])
    device = _device(row["device"], assumed)
    execution = _execution(row, assumed)
    settings = _settings(row, model, assumed)
    quantity, stage, value = _quantity(row, model, settings, whole=whole)
    grade = "A" if "q=A" in row.get("notes", "") and not assumed else "B"
    fields = {
        "id": row["id"],
        "model": model,
        "device": device,
        "settings": settings,
        "execution": execution,
        "quantity": quantity,
        "stage": stage,
        "value": value,
        "source": row["source"],
        "grade": grade,
        "assumed": tuple(assumed),
        "notes": row.get("notes", ""),
    }
    try:
        return Case.model_validate(fields)
    except pydantic.ValidationError as error:
        raise _Unmappable(f"{error.errors()[0]['loc'][0]} is missing or wrong") from error


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        opener: Any = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = _COLUMNS - set(reader.fieldnames or ())
            if missing:
                raise CaseError(f"{path}: not a table of published figures: no column {', '.join(sorted(missing))}")
            for row in reader:
                yield {key: value or "" for key, value in row.items() if isinstance(value, str | None) and key}
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise CaseError(f"{path}: cannot read: {str(error).splitlines()[0]}") from error


def _model(name: str) -> tuple[str, bool]:
    for pattern, workload, whole in _MODELS:
        if re.match(pattern, name.strip().lower()):
            return workload, whole
    raise _Unmappable("model is no workload")


def _device(name: str, assumed: list[str]) -> str:
    plain = re.sub(r"\(.*?\)", "", name).strip()
    stripped = re.sub(r"^nvidia (tesla )?", "", plain.lower()).strip()
    if "(1 GCD)" in name:
        raise _Unmappable("device is part of a package")
    if stripped in _AMBIGUOUS:
        if "variant not stated" in name or stripped in ("a100", "h100", "v100", "h100 80gb"):
            assumed.append(f"variant {_AMBIGUOUS[stripped]}")
        plain = _AMBIGUOUS[stripped]
    try:
        accelerator = load_accelerator(plain)
    except SpecError:
        raise _Unmappable("device is not in hw_specs") from None
    limit = re.search(r"(\d+) ?w\b", name.lower())
    if limit and accelerator.power and float(limit.group(1)) != accelerator.power.board:
        assumed.append(f"a power limit of {limit.group(1)} W changes nothing")
    return accelerator.name


def _execution(row: Mapping[str, str], assumed: list[str]) -> dict[str, str | bool]:
    compiler, notes = row["compile"].lower(), row.get("notes", "").lower()
    if compiler.startswith("eager") and "comfyui" not in compiler and "non-optimized" not in compiler:
        mode = "eager"
    elif compiler.startswith("torch.compile"):
        mode = "compiled"
    else:
        raise _Unmappable("engine is not PyTorch")
    if "offload" in notes:
        raise _Unmappable("weights are moved during the run")
    if "slicing" in notes or "tiling" in notes:
        raise _Unmappable("decoder is sliced or tiled")
    if row["attention_impl"] not in _ATTENTION:
        raise _Unmappable("attention is not stated" if not row["attention_impl"] else "attention is not modelled")
    attention, is_assumed = _ATTENTION[row["attention_impl"]]
    if is_assumed:
        assumed.append("attention")
    return {
        "mode": mode,
        "attention": attention,
        "matmul_tf32": row["precision"] == "tf32" or bool(_TF32_SOURCES.search(row["source"])),
        "channels_last": "channels_last" in notes or "nhwc" in compiler,
    }


def _settings(row: Mapping[str, str], model: str, assumed: list[str]) -> dict[str, int | float | str]:
    if row["precision"] not in _PRECISIONS:
        raise _Unmappable("precision is mixed or quantised")
    if _count(row, "n_devices") != 1:
        raise _Unmappable("runs on several devices")
    dtype, is_assumed = _PRECISIONS[row["precision"]]
    if is_assumed:
        assumed.append("precision")
    settings: dict[str, int | float | str] = {"dtype": dtype, "batch": _count(row, "batch")}
    if model.startswith("llama"):
        return settings | _llama_lengths(row)
    for column, name in (("height", "height"), ("width", "width"), ("steps", "num_inference_steps")):
        if row.get(column):
            settings[name] = _count(row, column)
    if row.get("guidance") == "no" and model not in ("flux-dev", "flux-schnell"):
        settings["guidance_scale"] = 1.0
    return settings


def _llama_lengths(row: Mapping[str, str]) -> dict[str, int | float | str]:
    prompt = re.search(r"prompt (\d+) tokens", row.get("notes", ""))
    if prompt is None or row["metric"] != "tokens_per_s" or "decode" not in row.get("notes", ""):
        raise _Unmappable("lengths are not stated")
    # gpt-fast generates 200 tokens by default (github.com/pytorch-labs/gpt-fast, generate.py).
    return {"prompt_length": int(prompt.group(1)), "max_new_tokens": 200}


def _quantity(
    row: Mapping[str, str], model: str, settings: Mapping[str, int | float | str], *, whole: bool
) -> tuple[str, str | None, float]:
    value, metric, component = _number(row["value"]), row["metric"], row.get("component", "e2e")
    if model.startswith("llama"):
        return "stage_latency", "decode", float(settings["batch"]) / value
    denoiser = "unet" if model in ("stable-diffusion", "sd2.1", "sdxl") else "transformer"
    batch = float(settings["batch"])
    if component in _DENOISERS:
        return "stage_latency", denoiser, _step_time(row, metric, value)
    if component != "e2e" or not whole:
        raise _Unmappable("component is not predicted by itself")
    if metric == "it_per_s":
        return "stage_latency", denoiser, 1 / value
    times = {"seconds": value, "images_per_s": batch / value}
    if metric not in times:
        raise _Unmappable("metric is not a time of the whole run")
    return "latency", None, times[metric]


def _step_time(row: Mapping[str, str], metric: str, value: float) -> float:
    """Time of one denoising step, both guidance passes included. [s]"""
    if metric == "seconds":
        return value / _count(row, "steps")
    if metric == "it_per_s":
        return 1 / value
    if metric == "ms_per_step":
        return value / 1e3
    raise _Unmappable("metric is not a time of the denoiser")


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _Unmappable("value is not a number") from None
    if not 0 < value < float("inf"):
        raise _Unmappable("value is not positive")
    return value


def _count(row: Mapping[str, str], column: str) -> int:
    """Whole number of a column, 1 where it is empty."""
    try:
        return whole_number(row.get(column) or "1")
    except ValueError as error:
        raise _Unmappable(f"{column} is {error}") from error
