"""Times of runs, steps and components out of numbers in the units that tables have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from validation.published.case import Case
from validation.published.names import Names, Unmappable, load_names
from validation.published.rows.figure import Figure, figure_of
from validation.published.rows.row import case_of_row

_, ROW = Path(__file__).parent.with_name("sample.csv").read_text(encoding="utf-8").splitlines(keepends=True)
VIDEO = (
    "x-1,Wan2.1-T2V-1.3B,e2e,NVIDIA H100 SXM5 80GB,1,bf16,sdpa,eager,1,480,832,81,50,yes,"
    "seconds,95,,somebody's README,q=A\n"
)

_SETTINGS = {"batch": 4, "num_inference_steps": 50}


def _figure(model: str = "Stable Diffusion v1.5", runs: int = 1, **row: str) -> Figure:
    names: Names = load_names()
    line = next(line for line in names.models if line.fits(model))
    full = {"metric": "seconds", "value": "2", "notes": "q=A", "component": "e2e"} | row
    return figure_of(full, names, model=line, kind=names.workload(line.workload), settings=_SETTINGS, runs=runs)


@pytest.mark.parametrize(
    ("metric", "seconds"),
    [
        ("seconds", 2.0),
        ("latency_s", 2.0),
        ("ms", 0.002),
        ("minutes", 120.0),
        ("s per image", 4 * 2.0),
        ("sec/img", 4 * 2.0),
        ("images_per_s", 4 / 2),
        ("images/min", 4 * 60 / 2),
        ("videos per hour", 4 * 3600 / 2),
    ],
)
def test_the_time_of_a_run(metric: str, seconds: float) -> None:
    figure = _figure(metric=metric)
    assert (figure.quantity, figure.stage) == ("latency", None)
    assert figure.value == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("metric", "seconds"), [("it/s", 0.5), ("steps_per_s", 0.5), ("s/it", 2.0), ("ms_per_step", 0.002)]
)
def test_a_rate_of_steps_is_of_the_denoiser_whatever_the_component(metric: str, seconds: float) -> None:
    for component in ("e2e", "unet"):
        figure = _figure(metric=metric, component=component)
        assert (figure.quantity, figure.stage, figure.value) == ("stage_latency", "unet", pytest.approx(seconds))


def test_a_bar_that_counts_steps_holds_the_run_that_is_no_step() -> None:
    """51 runs of the U-Net in 50 steps, half a second each: the run takes 0.5 * 50 / 51 s."""
    counted = _figure(metric="it_per_s", notes="q=A; it/s from progress bar")
    assert counted.value == pytest.approx(0.5 * 50 / 51)
    flow = _figure(model="FLUX.1-dev", metric="it_per_s", notes="q=A; it/s from progress bar")
    assert flow.value == 0.5


@pytest.mark.parametrize(
    ("notes", "devices"),
    [
        ("q=A; output tok/s per GPU; in 128 out 2048, TP4", 4),
        ("q=B; output tok/s (header says out tok/s; per-GPU only stated for H100)", 4),
        ("q=A; decode; reported achieved bandwidth 955.83 GB/s per GPU", 1),
    ],
)
def test_a_rate_of_one_of_several_devices(notes: str, devices: int) -> None:
    """4 sequences of 10 tokens, 2 tokens a second of each device."""
    names: Names = load_names()
    line = next(line for line in names.models if line.fits("Llama-2-7B"))
    row = {"metric": "tokens_per_s", "value": "2", "notes": notes, "n_devices": "4"}
    settings = {"batch": 4, "max_new_tokens": 10}
    figure = figure_of(row, names, model=line, kind=names.workload(line.workload), settings=settings)
    assert figure.value * devices == pytest.approx((4 * 10 / 2) if "decode" not in notes else 4 / 2)


def test_two_runs_one_after_another() -> None:
    assert _figure(runs=2).value == 1.0


@pytest.mark.parametrize(
    ("component", "notes", "quantity", "stage"),
    [
        ("vae", "q=A; decode", "component_latency", "vae"),
        ("VAE decoder", "q=A", "component_latency", "vae"),
        ("vae", "q=A; VAE encode", "stage_latency", "vae_encoder"),
        ("vae_encoder", "q=A", "stage_latency", "vae_encoder"),
        ("text_encoder", "q=A; CLIP image encoder", "stage_latency", "image_encoder"),
        ("text_encoder", "q=A", "stage_latency", "text_encoder"),
    ],
)
def test_components(component: str, notes: str, quantity: str, stage: str) -> None:
    figure = _figure(component=component, notes=notes)
    assert (figure.quantity, figure.stage, figure.value) == (quantity, stage, 2.0)


def test_one_of_several_text_encoders_has_to_be_named() -> None:
    figure = _figure(model="SD3-medium", component="text_encoder", notes="q=B; T5-XXL")
    assert figure.stage == "text_encoder_3"
    with pytest.raises(Unmappable, match="which of several text encoders"):
        _figure(model="SD3-medium", component="text_encoder")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"metric": "TFLOPs"}, "metric is no time"),
        ({"metric": "tokens_per_s"}, "metric is of tokens"),
        ({"metric": "it_per_s", "component": "vae"}, "of steps, of a component that makes none"),
        ({"component": "safety_checker"}, "component is not predicted"),
    ],
)
def test_what_is_no_time_of_a_part_is_refused(row: dict[str, str], reason: str) -> None:
    with pytest.raises(Unmappable, match=reason):
        _figure(**row)


def test_images_per_second_are_of_the_whole_batch(only_case: Callable[..., Case], tmp_path: Path) -> None:
    case = only_case(tmp_path, ROW.replace("seconds,3.9", "images_per_s,2.0"))
    assert case.value == 4 / 2.0


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("it_per_s,20.0", 0.05), ("ms_per_step,50.0", 0.05), ("seconds,2.5", 2.5 / 50)],
)
def test_a_rate_of_the_denoiser_is_the_time_of_one_step(
    only_case: Callable[..., Case], tmp_path: Path, metric: str, expected: float
) -> None:
    case = only_case(tmp_path, ROW.replace(",e2e,", ",unet,").replace("seconds,3.9", metric))
    assert (case.quantity, case.stage) == ("stage_latency", "unet")
    assert case.value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("component", "stage"),
    [("text_encoder", "text_encoder"), ("unet", "unet"), ("vae_encoder", "vae_encoder"), ("denoiser", "unet")],
)
def test_a_component_is_a_run_of_its_stage(
    only_case: Callable[..., Case], tmp_path: Path, component: str, stage: str
) -> None:
    case = only_case(tmp_path, ROW.replace(",e2e,", f",{component},"))
    assert (case.quantity, case.stage) == ("stage_latency", stage)


def test_a_step_is_of_all_passes_where_they_run_in_turn(only_case: Callable[..., Case], tmp_path: Path) -> None:
    step = only_case(tmp_path, VIDEO.replace(",e2e,", ",transformer,"))
    assert (step.quantity, step.stage) == ("step_latency", "transformer")
    assert step.value == pytest.approx(95 / 50)
    rate = only_case(tmp_path, VIDEO.replace("seconds,95", "it_per_s,0.5"))
    assert (rate.quantity, rate.value) == ("step_latency", 2.0)


def test_a_component_of_several_stages(only_case: Callable[..., Case], tmp_path: Path) -> None:
    row = VIDEO.replace("Wan2.1-T2V-1.3B,e2e", "CogVideoX-2b,vae")
    case = only_case(tmp_path, row)
    assert (case.quantity, case.stage, case.value) == ("component_latency", "vae", 95.0)


def test_a_time_of_one_image_is_that_of_its_share_of_the_batch(row_of: Callable[..., dict[str, str]]) -> None:
    source = {"source": "github.com/huggingface/blog:habana-gaudi-2-benchmark.md", "compile": ""}
    row = row_of(
        "Stable Diffusion v1/v2",
        device="Habana Gaudi2",
        **source,
        **{"batch": "8", "value": "1.19", "metric": "seconds", "notes": "seconds per image", "attention_impl": ""},
    )
    case = case_of_row(row, load_names())
    assert (case.device, case.engine, case.execution["attention"]) == ("Gaudi2", "Graph Compiler", "naive")
    assert case.value == pytest.approx(8 * 1.19)
