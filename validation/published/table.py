"""Published end-to-end figures in a CSV table: each row as a case, or a reason why it is none."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hw_specs import SpecError, load_accelerator

from .case import Case, CaseError

__all__ = ["Published", "Unmappable", "Unmapped", "case_of_row", "read_published"]

_COLUMNS = frozenset({"id", "model", "device", "precision", "attention_impl", "compile", "metric", "value", "source"})

# Pipelines whose denoiser is the workload's own, by the model column. The second part: image-to-image and inpainting
# run the same denoiser, but another number of steps and a VAE encoder, so that only their denoiser is comparable.
_MODELS: tuple[tuple[str, str, bool], ...] = (
    (r"^stable diffusion (v?1(\.[45])?)( txt2img)?( \(compvis.*\))?$", "stable-diffusion", True),
    (r"^stable diffusion (v?1(\.[45])?) (img2img|inpaint)$", "stable-diffusion", False),
    (r"^stable diffusion v?2\.1(-base)?$", "sd2.1", True),
    (r"^(sdxl|stable diffusion xl)( base)?( 1\.0)?$", "sdxl", True),
    # The same networks as the base model, distilled to few steps (huggingface.co/stabilityai/sdxl-turbo).
    (r"^sdxl-turbo$", "sdxl", True),
    # The UNet of SDXL with another text encoder, whose 256 tokens enter cross attention alone.
    (r"^kolors\b.*$", "sdxl", False),
    (r"^sana 1\.6b( 4kpx)?$", "sana", True),
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
    "": ("", True),
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
    "flash (xdit default, not stated)": ("flash", True),
    "flash (xdit default, not stated) single": ("flash", True),
}
# Where a source does not say which attention ran: what the software of that time did. PyTorch has fused attention
# since 2.0; diffusers uses it wherever there is one, and these pipelines need it.
_OLD_TORCH = re.compile(r"pytorch 1\.1[0-3]")
_NEEDS_TORCH_2 = frozenset({"flux-dev", "flux-schnell", "pixart-alpha", "pixart-sigma", "sana"})
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
# Sources whose script runs half-precision models under autocast, so that softmax and normalizations are float32 and
# everything between is converted: UNet, VAE and the whole pipeline, but not CLIP (facebookincubator/AITemplate,
# examples/05_stable_diffusion/benchmark.py and benchmark_pt.py as of the PyTorch 1.12 figures, 094b2a6a and 44026ba7).
_AUTOCAST_SOURCES = re.compile(r"facebookincubator/AITemplate")
# Versions whose compiler leaves the layout of convolutions as it is; TorchInductor changes it from 2.1 on.
_WITHOUT_LAYOUTS = re.compile(r"torch ?2\.0")
_DENOISERS = {"unet": "unet", "transformer": "transformer"}
# Components that run once, and the stage that is one of their runs; where a pipeline has several, it is not told which.
_OTHER_STAGES = {"text_encoder": "text_encoder", "vae": "vae_decoder"}
_ONE_TEXT_ENCODER = frozenset({"stable-diffusion", "sd2.1"})


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


class Unmappable(Exception):  # noqa: N818  # a row that is no case is no error of the program
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
        except Unmappable as error:
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
    """Case of one row. Raises :class:`Unmappable` with the reason where it is none."""
    assumed: list[str] = []
    model, whole = _model(row["model"])
    device = _device(row["device"], assumed)
    execution = _execution(row, model, assumed)
    settings = _settings(row, model, assumed)
    quantity, stage, value = _quantity(row, model, settings, whole=whole)
    if not row["source"]:
        raise Unmappable("source is not stated")
    return Case.model_validate(
        {
            "id": row["id"],
            "model": model,
            "device": device,
            "settings": settings,
            "execution": execution,
            "quantity": quantity,
            "stage": stage,
            "value": value,
            "source": row["source"],
            "grade": _grade(row.get("notes", ""), len(assumed)),
            "sliced_decoder": quantity == "latency" and _slices_decoder(row, settings),
            "assumed": tuple(assumed),
            "notes": row.get("notes", ""),
        }
    )


def _grade(notes: str, num_assumed: int) -> str:
    """A: fully specified; B: the source or we assume one thing; C: more. Sources of grade B have assumed one."""
    return "ABC"[min(max(num_assumed, 0 if "q=A" in notes else 1), 2)]


def _slices_decoder(row: Mapping[str, str], settings: Mapping[str, int | float | str]) -> bool:
    """Whether images are decoded one by one: ``enable_vae_slicing``, from a batch on where the notes name one."""
    notes = row.get("notes", "").lower()
    from_batch = re.search(r"vae slicing at batch>=(\d+)", notes)
    return int(settings["batch"]) >= (int(from_batch.group(1)) if from_batch else 1) if "slicing" in notes else False


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        opener: Any = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
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
    raise Unmappable("model is no workload")


def _device(name: str, assumed: list[str]) -> str:
    plain = re.sub(r"\(.*?\)", "", name).strip()
    stripped = re.sub(r"^nvidia (tesla )?", "", plain.lower()).strip()
    if "(1 GCD)" in name:
        plain = re.sub(r"^AMD ", "", name).strip()
    if stripped in _AMBIGUOUS:
        if "variant not stated" in name or stripped in ("a100", "h100", "v100", "h100 80gb"):
            assumed.append(f"variant {_AMBIGUOUS[stripped]}")
        plain = _AMBIGUOUS[stripped]
    try:
        accelerator = load_accelerator(plain)
    except SpecError:
        raise Unmappable("device is not in hw_specs") from None
    limit = re.search(r"(\d+) ?w\b", name.lower())
    if limit and accelerator.power and float(limit.group(1)) != accelerator.power.board:
        assumed.append(f"a power limit of {limit.group(1)} W changes nothing")
    return accelerator.name


def _execution(row: Mapping[str, str], model: str, assumed: list[str]) -> dict[str, str | bool]:
    compiler, notes = row["compile"].lower(), row.get("notes", "").lower()
    if compiler.startswith("eager") and "comfyui" not in compiler and "non-optimized" not in compiler:
        mode = "eager"
    elif compiler.startswith("torch.compile"):
        mode = "compiled"
    else:
        raise Unmappable("engine is not PyTorch")
    if "offload" in notes:
        raise Unmappable("weights are moved during the run")
    if "tiling" in notes:
        raise Unmappable("decoder is tiled")
    return {
        "mode": mode,
        "attention": _attention(row["attention_impl"].lower(), model, compiler, assumed),
        "matmul_tf32": row["precision"] == "tf32" or bool(_TF32_SOURCES.search(row["source"])),
        "channels_last": "channels_last" in notes or "nhwc" in compiler,
        "layout_optimization": not _WITHOUT_LAYOUTS.search(f"{compiler} {notes}"),
    }


def _attention(name: str, model: str, compiler: str, assumed: list[str]) -> str:
    attention, is_assumed = _ATTENTION.get(name, (None, False))
    if not name and (_OLD_TORCH.search(compiler) or model in _NEEDS_TORCH_2):
        attention, is_assumed = ("naive" if _OLD_TORCH.search(compiler) else "flash"), True
    if attention is None:
        raise Unmappable("attention is not modelled" if name else "attention is not stated")
    if is_assumed:
        assumed.append("attention")
    return attention


def _settings(row: Mapping[str, str], model: str, assumed: list[str]) -> dict[str, int | float | str]:
    mixed = _AUTOCAST_SOURCES.search(row["source"]) and row.get("component") != "text_encoder"
    if mixed or row["precision"] not in _PRECISIONS:
        raise Unmappable("precision is mixed or quantised")
    if _whole(row, "n_devices") not in (None, 1):
        raise Unmappable("runs on several devices")
    dtype, is_assumed = _PRECISIONS[row["precision"]]
    if is_assumed:
        assumed.append("precision")
    settings: dict[str, int | float | str] = {"dtype": dtype} if dtype else {}
    settings["batch"] = _whole(row, "batch") or 1
    if model.startswith("llama"):
        return settings | _llama_lengths(row, assumed)
    for column, name in (("height", "height"), ("width", "width"), ("steps", "num_inference_steps")):
        number = _whole(row, column)
        if number is not None:
            settings[name] = number
        elif row.get("component", "e2e") == "e2e" or column != "steps":
            assumed.append(f"{column} of the pipeline")
    if _is_unguided(row) and model not in ("flux-dev", "flux-schnell"):
        settings["guidance_scale"] = 1.0
    return settings


def _is_unguided(row: Mapping[str, str]) -> bool:
    """Whether one pass makes a step; SDXL-Turbo is used without guidance (its model card: ``guidance_scale=0.0``)."""
    given = row.get("guidance", "")
    return given == "no" or (not given and "turbo" in row["model"].lower())


def _whole(row: Mapping[str, str], column: str) -> int | None:
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


# The prompt of gpt-fast's own example ("Hello, my name is": 5 tokens) and the tokens that it generates
# (github.com/pytorch-labs/gpt-fast, generate.py).
_GPT_FAST_PROMPT, _GPT_FAST_NEW = 5, 200


def _llama_lengths(row: Mapping[str, str], assumed: list[str]) -> dict[str, int | float | str]:
    notes = row.get("notes", "")
    prompt = re.search(r"prompt (\d+) tokens", notes)
    is_gpt_fast = "gpt-fast" in row["source"]
    if row["metric"] != "tokens_per_s" or "decode" not in notes or not (prompt or is_gpt_fast):
        raise Unmappable("lengths are not stated")
    if prompt is None:
        assumed.append(f"prompt of {_GPT_FAST_PROMPT} tokens")
    length = int(prompt.group(1)) if prompt else _GPT_FAST_PROMPT
    return {"prompt_length": length, "max_new_tokens": _GPT_FAST_NEW}


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
    if component in _OTHER_STAGES and metric == "seconds" and whole and model in _ONE_TEXT_ENCODER:
        return "stage_latency", _OTHER_STAGES[component], value
    if component != "e2e" or not whole:
        raise Unmappable("component is not predicted by itself")
    if metric == "it_per_s":
        return "stage_latency", denoiser, 1 / value
    times = {"seconds": value, "images_per_s": batch / value}
    if metric not in times:
        raise Unmappable("metric is not a time of the whole run")
    return "latency", None, times[metric]


def _step_time(row: Mapping[str, str], metric: str, value: float) -> float:
    """Time of one denoising step, both guidance passes included. [s]"""
    if metric == "seconds":
        return value / (_whole(row, "steps") or 1)
    if metric == "it_per_s":
        return 1 / value
    if metric == "ms_per_step":
        return value / 1e3
    raise Unmappable("metric is not a time of the denoiser")


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise Unmappable("value is not a number") from None
    if not 0 < value < float("inf"):
        raise Unmappable("value is not positive and finite")
    return value
