from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from validation.published.case import Case
from validation.published.names import load_names
from validation.published.rows.row import case_of_row
from validation.published.table import read_published

_, ROW = Path(__file__).parent.with_name("sample.csv").read_text(encoding="utf-8").splitlines(keepends=True)
VIDEO = (
    "x-1,Wan2.1-T2V-1.3B,e2e,NVIDIA H100 SXM5 80GB,1,bf16,sdpa,eager,1,480,832,81,50,yes,"
    "seconds,95,,somebody's README,q=A\n"
)
FLUX_LORA = (
    "x-1,FLUX.1-dev + LoRA,e2e,NVIDIA H100 SXM5 80GB,1,bf16,sdpa,torch.compile,1,1024,1024,1,28,no,"
    "seconds,5,,github.com/huggingface/blog:lora-fast.md,q=B; no fp8\n"
)


def test_a_size_that_is_not_stated_is_the_pipelines_and_assumed(only_case: Callable[..., Case], tmp_path: Path) -> None:
    case = only_case(tmp_path, ROW.replace(",4,512,512,1,50,", ",4,,512,1,50,"))
    assert "height" not in case.settings
    assert (case.assumed, case.grade) == (("height of the pipeline",), "B")
    step = ROW.replace(",e2e,", ",unet,").replace(",1,50,", ",1,,").replace("seconds,3.9", "it_per_s,20")
    assert only_case(tmp_path, step).assumed == ()


def test_turbo_runs_without_guidance(only_case: Callable[..., Case], tmp_path: Path) -> None:
    case = only_case(tmp_path, ROW.replace("Stable Diffusion v1.5", "SDXL-Turbo").replace(",yes,", ",,"))
    assert (case.model, case.settings["guidance_scale"]) == ("sdxl", 1.0)


def test_tokens_of_a_run_are_stated_or_those_of_the_sources_own_script(
    only_case: Callable[..., Case], tmp_path: Path
) -> None:
    row = (
        "x-2,Llama-2-7B,e2e,NVIDIA A100-80GB SXM,1,bf16,sdpa,torch.compile,,,,,,,tokens_per_s,100,,"
        "github.com/pytorch-labs/gpt-fast,q=A; decode\n"
    )
    own = only_case(tmp_path, row)
    lengths = {"prompt_length": 5, "max_new_tokens": 200}
    assert own.settings == {"dtype": "bfloat16", "batch": 1, **lengths, "kv_cache": "masked"}
    assert (own.stage, own.value, own.assumed) == ("decode", 1 / 100, ("prompt of 5 tokens",))
    stated = only_case(tmp_path, row.replace("q=A; decode", "q=A; decode; prompt 512 tokens"))
    assert (stated.settings["prompt_length"], stated.assumed) == (512, ())


def test_an_engine_built_for_eight_bits_keeps_an_eight_bit_cache(
    only_case: Callable[..., Case], tmp_path: Path
) -> None:
    row = (
        "x-3,Llama-2-7B,e2e,NVIDIA H100-HBM3-80GB,1,fp8,,TensorRT-LLM 0.6.1,64,,,,,,tokens_per_s,100,,"
        "github.com/NVIDIA/TensorRT-LLM,q=A; in 128 out 128\n"
    )
    settings = only_case(tmp_path, row).settings
    assert (settings["kv_cache"], settings["kv_cache_dtype"]) == ("paged", "fp8")
    assert "kv_cache_dtype" not in only_case(tmp_path, row.replace(",fp8,", ",fp16,")).settings


def test_frames_of_a_video_are_read(only_case: Callable[..., Case], tmp_path: Path) -> None:
    case = only_case(tmp_path, VIDEO)
    assert (case.model, case.settings["num_frames"], case.quantity, case.grade) == ("wan2.1-1.3b", 81, "latency", "A")
    unstated = only_case(tmp_path, VIDEO.replace(",81,", ",,"))
    assert unstated.assumed == ("frames of the pipeline",)
    assert "num_frames" not in unstated.settings


def test_frames_of_a_model_that_makes_images_are_no_case(table: Callable[..., Path], tmp_path: Path) -> None:
    (row,) = read_published(table(tmp_path, ROW.replace("512,1,50", "512,16,50"))).unmapped
    assert row.reason == "frames of a model that makes images"


def test_a_component_with_a_format_of_its_own_runs_in_that_of_its_row(
    only_case: Callable[..., Case], tmp_path: Path
) -> None:
    decoder = VIDEO.replace(",e2e,", ",vae,")
    other = only_case(tmp_path, decoder)
    assert (other.settings["vae_dtype"], "dtype" in other.settings) == ("bfloat16", False)
    case = only_case(tmp_path, decoder.replace("bf16", "fp32"))
    assert (case.quantity, {"dtype", "vae_dtype"} & set(case.settings)) == ("component_latency", set())


def test_how_the_autoencoder_runs_is_read_from_the_notes(only_case: Callable[..., Case], tmp_path: Path) -> None:
    said = only_case(tmp_path, ROW.replace("q=A", "q=A; VAE tiling; fp32 VAE")).settings
    assert (said["vae_tiling"], said["vae_dtype"]) == (True, "float32")
    off = only_case(tmp_path, ROW.replace("q=A", "q=A; vae tiling off")).settings
    assert "vae_tiling" not in off


def test_an_adapter_that_a_script_loads_runs_beside_the_layers(only_case: Callable[..., Case], tmp_path: Path) -> None:
    hotswapped = only_case(tmp_path, FLUX_LORA)
    assert hotswapped.settings["lora"] == "128,unfused"
    own = only_case(tmp_path, FLUX_LORA.replace("no fp8", "compile only"))
    assert (own.settings["lora"], "rank of the adapter" in own.assumed) == ("16,unfused", True)


@pytest.mark.parametrize(
    ("model", "notes", "scheduler"),
    [
        ("Stable Diffusion v1.5", "q=A", None),
        ("Stable Diffusion v1.5", "q=A; 50 DDIM steps", "ddim"),
        ("Stable Diffusion v1.5", "q=A; docs say DDIM; script leaves the default PNDM", "pndm"),
        ("Stable Diffusion v2.1-base", "q=A", "pndm"),
        ("SDXL-Turbo", "q=A; 20 Heun steps", "heun"),
    ],
)
def test_a_scheduler_that_is_named(
    only_case: Callable[..., Case], tmp_path: Path, model: str, notes: str, scheduler: str | None
) -> None:
    row = ROW.replace("Stable Diffusion v1.5", model).replace("q=A", notes)
    assert only_case(tmp_path, row).settings.get("scheduler") == scheduler


def test_float32_of_neuron_stays_float32(row_of: Callable[..., dict[str, str]]) -> None:
    run = {"compile": "neuron 2.21.0", "precision": "FP32 / Matmult-BF16", "attention_impl": ""}
    case = case_of_row(row_of("Stable Diffusion 1.5", device="AWS Inf2.xlarge (Inferentia2)", **run), load_names())
    assert (case.device, case.settings["dtype"], case.engine) == ("Inferentia2", "float32", "neuronx-cc")
