from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.published.case import Case, CaseError
from validation.published.names import load_names
from validation.published.row import Unmappable, case_of_row
from validation.published.table import read_published

COLUMNS, ROW = Path(__file__).with_name("sample.csv").read_text(encoding="utf-8").splitlines(keepends=True)


@pytest.fixture(scope="session")
def only_case(table: Callable[..., Path]) -> Callable[[Path, str], Case]:
    """The one case of a table of one row."""

    def case(folder: Path, row: str) -> Case:
        (only,) = read_published(table(folder, row)).cases
        return only

    return case


def test_a_row_becomes_a_case(only_case: Callable[..., Case], tmp_path: Path) -> None:
    case = only_case(tmp_path, ROW)
    assert (case.model, case.device, case.quantity, case.value, case.grade) == (
        "stable-diffusion",
        "A100-SXM4-80GB",
        "latency",
        3.9,
        "A",
    )
    assert case.settings == {
        "dtype": "float16",
        "batch": 4,
        "height": 512,
        "width": 512,
        "num_inference_steps": 50,
    }
    assert case.execution == {
        "mode": "eager",
        "attention": "flash",
        "matmul_tf32": False,
        "channels_last": False,
    }
    assert not case.sliced_decoder


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


def test_what_the_source_leaves_open_is_assumed_aloud(only_case: Callable[..., Case], tmp_path: Path) -> None:
    case = only_case(tmp_path, ROW.replace("NVIDIA A100-80GB SXM", "NVIDIA A100 (variant not stated)"))
    assert case.grade == "B"
    assert case.assumed == ("variant A100-SXM4-80GB",)


def test_another_power_limit_is_an_assumption(only_case: Callable[..., Case], tmp_path: Path) -> None:
    case = only_case(tmp_path, ROW.replace("A100-80GB SXM", "A100-80GB (330W)"))
    assert case.grade == "B"
    assert "330 W" in case.assumed[0]
    assert only_case(tmp_path, ROW.replace("A100-80GB SXM", "A100-80GB (400W)")).grade == "A"


def test_float32_of_the_benchmark_that_asks_for_tf32_is_tf32(only_case: Callable[..., Case], tmp_path: Path) -> None:
    row = ROW.replace(",fp16,", ",fp32,")
    assert only_case(tmp_path, row).execution["matmul_tf32"] is False
    dated = row.replace("somebody's README", "docs/fast_diffusion.md")
    assert only_case(tmp_path, dated).execution["matmul_tf32"] is True


def test_a_column_of_a_source_may_have_been_measured_with_tf32_and_the_others_without(
    only_case: Callable[..., Case], tmp_path: Path
) -> None:
    table = ROW.replace("somebody's README", "github.com/huggingface/diffusers@a39d42b91d:docs/torch2.0.mdx")
    row = table.replace(",fp16,", ",fp32,")
    assert only_case(tmp_path, row).execution["matmul_tf32"] is True
    assert only_case(tmp_path, row.replace("NVIDIA A100-80GB SXM", "NVIDIA A10")).execution["matmul_tf32"] is True
    for other in (table, row.replace(",sdpa,", ",xformers,")):
        assert only_case(tmp_path, other).execution["matmul_tf32"] is False


def test_a_source_may_tell_the_variant_that_a_name_leaves_open(only_case: Callable[..., Case], tmp_path: Path) -> None:
    row = ROW.replace("somebody's README", "github.com/sayakpaul/diffusers-torchao@9b9f2383dc:README.md")
    assert only_case(tmp_path, row).device == "A100-SXM4-80GB"
    left_open = only_case(tmp_path, row.replace("NVIDIA A100-80GB SXM", "NVIDIA A100 80GB (variant not stated)"))
    assert left_open.device == "A100-SXM4-80GB-275W"
    assert left_open.grade == "B"
    assert left_open.newest_then == "torch-2.6"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("Stable Diffusion v1.5", "GEMM", "model"),
        (",eager,", ",openvino,", "engine"),
        (",fp16,", ",bf16+int3wo,", "precision is not modelled"),
        (",sdpa,", ",,", "attention is not stated"),
        (",sdpa,", ",ring,", "attention is not modelled"),
        ("NVIDIA A100-80GB SXM", "Pocket calculator", "device"),
        (",e2e,", ",safety_checker,", "component"),
        ("seconds,3.9", "seconds,many", "not a number"),
        ("seconds,3.9", "seconds,0", "not positive"),
        ("SXM,1,", "SXM,8,", "several devices"),
        ("q=A", "q=A; cpu offload", "moved"),
        (",4,512,", ",many,512,", "batch is not a number"),
        (",4,512,", ",nan,512,", "batch is not a positive whole number"),
        (",4,512,", ",-1,512,", "batch is not a positive whole number"),
        (",4,512,", ",1e99,512,", "batch is not a positive whole number"),
        (",512,512,", ",512.5,512,", "height is not a positive whole number"),
        (",1,50,yes", ",1,0,yes", "steps is not a positive whole number"),
        ("SXM,1,", "SXM,one,", "n_devices is not a number"),
        ("seconds,3.9", "seconds,inf", "not positive and finite"),
        ("seconds,3.9", "seconds,nan", "not positive and finite"),
        ("somebody's README", "", "source is not stated"),
    ],
)
def test_a_row_that_is_no_case_is_counted_with_its_reason(
    table: Callable[..., Path], tmp_path: Path, old: str, new: str, reason: str
) -> None:
    published = read_published(table(tmp_path, ROW, ROW.replace(old, new)))
    assert len(published.cases) == 1
    assert reason in published.unmapped[0].reason


def test_a_size_that_is_not_stated_is_the_pipelines_and_assumed(only_case: Callable[..., Case], tmp_path: Path) -> None:
    case = only_case(tmp_path, ROW.replace(",4,512,512,1,50,", ",4,,512,1,50,"))
    assert "height" not in case.settings
    assert (case.assumed, case.grade) == (("height of the pipeline",), "B")
    step = ROW.replace(",e2e,", ",unet,").replace(",1,50,", ",1,,").replace("seconds,3.9", "it_per_s,20")
    assert only_case(tmp_path, step).assumed == ()


@given(column=st.sampled_from(COLUMNS.strip().split(",")[1:]), text=st.text(max_size=12))
def test_any_text_in_a_column_is_a_case_or_a_reason(column: str, text: str) -> None:
    names = COLUMNS.strip().split(",")
    row = dict(zip(names, ROW.strip().split(","), strict=True)) | {column: text}
    try:
        outcome = case_of_row(row, load_names()).id
    except Unmappable as error:
        outcome = str(error)
    assert outcome


def test_images_decoded_one_by_one_are_said_to_be(only_case: Callable[..., Case], tmp_path: Path) -> None:
    assert only_case(tmp_path, ROW.replace("q=A", "q=A; vae slicing")).sliced_decoder
    some = ROW.replace("q=A", "q=A; vae slicing at batch>=32")
    assert not only_case(tmp_path, some).sliced_decoder
    assert only_case(tmp_path, some.replace(",4,512,", ",32,512,")).sliced_decoder


@pytest.mark.parametrize(
    ("source", "compiled", "expected"),
    [
        ("huggingface/diffusers@a39d42b91d:torch2.0.mdx", True, ("compiled", False, ("unet",), ())),
        ("huggingface/diffusers@a39d42b91d:torch2.0.mdx", False, ("eager", False, (), ())),
        ("fal-ai/stable-diffusion-benchmarks", True, ("compiled-graph", False, ("unet",), ("unet",))),
        ("sayakpaul/sample-datasets", True, ("compiled", True, (), ())),
        ("sayakpaul/sample-datasets", False, ("eager", False, (), ())),
        ("microsoft/onnxruntime: models/stable_diffusion/README.md", False, ("eager", True, (), ("unet",))),
    ],
)
def test_what_the_script_of_a_source_does(
    only_case: Callable[..., Case], tmp_path: Path, source: str, compiled: bool, expected: tuple[object, ...]
) -> None:
    row = ROW.replace(",eager,", ",torch.compile,") if compiled else ROW
    found = only_case(tmp_path, _of_source(row, source)).to_execution()
    assert (found.mode, found.channels_last, found.components, found.channels_last_components) == expected


def _of_source(row: str, source: str) -> str:
    fields = row.strip().split(",")
    fields[COLUMNS.strip().split(",").index("source")] = source
    return ",".join(fields) + "\n"


def test_the_compiler_of_torch_2_0_leaves_layouts(only_case: Callable[..., Case], tmp_path: Path) -> None:
    row = ROW.replace(",eager,", ",torch.compile,")
    assert only_case(tmp_path, row).to_execution().optimizes_layout
    assert not only_case(tmp_path, row.replace("q=A", "q=A; torch2.0 nightly")).to_execution().optimizes_layout


@pytest.mark.parametrize(
    ("component", "stage"),
    [("text_encoder", "text_encoder"), ("unet", "unet"), ("vae_encoder", "vae_encoder"), ("denoiser", "unet")],
)
def test_a_component_is_a_run_of_its_stage(
    only_case: Callable[..., Case], tmp_path: Path, component: str, stage: str
) -> None:
    case = only_case(tmp_path, ROW.replace(",e2e,", f",{component},"))
    assert (case.quantity, case.stage) == ("stage_latency", stage)


def test_attention_that_is_not_stated_is_that_of_the_time(only_case: Callable[..., Case], tmp_path: Path) -> None:
    old = only_case(tmp_path, ROW.replace(",sdpa,eager,", ",,eager (PyTorch 1.12),"))
    new = only_case(tmp_path, ROW.replace(",sdpa,", ",,").replace("Stable Diffusion v1.5", "FLUX.1-dev"))
    assert (old.execution["attention"], old.assumed) == ("naive", ("attention",))
    assert (new.execution["attention"], new.assumed) == ("flash", ("attention",))


@pytest.mark.parametrize(
    ("notes", "device", "attention", "grade"),
    [
        ("q=A", "NVIDIA A100-80GB SXM", "sdpa", "A"),
        ("q=B", "NVIDIA A100-80GB SXM", "sdpa", "B"),
        ("q=A", "NVIDIA A100-80GB SXM", "sdpa (assumed)", "B"),
        # The one thing that the source leaves open is the one that we assume.
        ("q=B", "NVIDIA A100 (variant not stated)", "sdpa", "B"),
        ("q=B", "NVIDIA A100 (variant not stated)", "sdpa (assumed)", "C"),
    ],
)
def test_grades(
    only_case: Callable[..., Case], tmp_path: Path, notes: str, device: str, attention: str, grade: str
) -> None:
    row = ROW.replace("q=A", notes).replace("NVIDIA A100-80GB SXM", device).replace(",sdpa,", f",{attention},")
    assert only_case(tmp_path, row).grade == grade


def test_turbo_runs_without_guidance(only_case: Callable[..., Case], tmp_path: Path) -> None:
    case = only_case(tmp_path, ROW.replace("Stable Diffusion v1.5", "SDXL-Turbo").replace(",yes,", ",,"))
    assert (case.model, case.settings["guidance_scale"]) == ("sdxl", 1.0)


def test_half_of_a_package_is_a_part(only_case: Callable[..., Case], tmp_path: Path) -> None:
    assert only_case(tmp_path, ROW.replace("NVIDIA A100-80GB SXM", "AMD MI250 (1 GCD)")).device == "MI250-GCD"


_FIELDS = ROW.strip().split(",")
_JUNK = st.sampled_from(
    ["", "nan", "inf", "-1", "0", "1.5", "1e20", "None", "x" * 40, "[", "é", "fp16", "q=A", "512x512"]
)


@given(changes=st.lists(st.tuples(st.integers(0, len(_FIELDS) - 1), _JUNK), min_size=1, max_size=4), cut=st.booleans())
def test_any_row_is_a_case_or_counted_and_a_line_of_another_length_is_refused(
    table: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, str]], cut: bool
) -> None:
    fields = list(_FIELDS)
    for position, text in changes:
        fields[position] = text
    line = ",".join(fields[: changes[0][0]] if cut else fields)
    path = table(tmp_path_factory.getbasetemp(), f"{line or 'x'}\n")
    if cut:
        with pytest.raises(CaseError, match=r"line 2: .* and the header has 19"):
            read_published(path)
    else:
        found = read_published(path)
        assert len(found.cases) + len(found.unmapped) == 1


def test_fields_that_are_no_counts_are_named(table: Callable[..., Path], tmp_path: Path) -> None:
    rows = [ROW.replace(",50,yes", ",fast,yes"), ROW.replace("eager,4,", "eager,2.5,"), ROW.replace("3.9", "inf")]
    found = read_published(table(tmp_path, *rows))
    assert [row.reason for row in found.unmapped] == [
        "steps is not a number",
        "batch is not a positive whole number below 100000",
        "value is not positive and finite",
    ]


@pytest.mark.parametrize(
    ("device", "accelerator"),
    [
        ("NVIDIA A100 80GB (variant not stated)", "A100-SXM4-80GB"),
        ("NVIDIA A100 PCIe", "A100-PCIe-40GB"),
        ("NVIDIA Tesla V100", "V100-SXM2-16GB"),
    ],
)
def test_a_variant_that_is_not_stated_is_assumed_aloud(
    only_case: Callable[..., Case], tmp_path: Path, device: str, accelerator: str
) -> None:
    case = only_case(tmp_path, ROW.replace("NVIDIA A100-80GB SXM", device))
    assert (case.device, case.assumed) == (accelerator, (f"variant {accelerator}",))


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


VIDEO = (
    "x-1,Wan2.1-T2V-1.3B,e2e,NVIDIA H100 SXM5 80GB,1,bf16,sdpa,eager,1,480,832,81,50,yes,"
    "seconds,95,,somebody's README,q=A\n"
)


def test_frames_of_a_video_are_read(only_case: Callable[..., Case], tmp_path: Path) -> None:
    case = only_case(tmp_path, VIDEO)
    assert (case.model, case.settings["num_frames"], case.quantity, case.grade) == ("wan2.1-1.3b", 81, "latency", "A")
    unstated = only_case(tmp_path, VIDEO.replace(",81,", ",,"))
    assert unstated.assumed == ("frames of the pipeline",)
    assert "num_frames" not in unstated.settings


def test_frames_of_a_model_that_makes_images_are_no_case(table: Callable[..., Path], tmp_path: Path) -> None:
    (row,) = read_published(table(tmp_path, ROW.replace("512,1,50", "512,16,50"))).unmapped
    assert row.reason == "frames of a model that makes images"


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


FLUX_LORA = (
    "x-1,FLUX.1-dev + LoRA,e2e,NVIDIA H100 SXM5 80GB,1,bf16,sdpa,torch.compile,1,1024,1024,1,28,no,"
    "seconds,5,,github.com/huggingface/blog:lora-fast.md,q=B; no fp8\n"
)


def test_an_adapter_that_a_script_loads_runs_beside_the_layers(only_case: Callable[..., Case], tmp_path: Path) -> None:
    hotswapped = only_case(tmp_path, FLUX_LORA)
    assert hotswapped.settings["lora"] == "128,unfused"
    own = only_case(tmp_path, FLUX_LORA.replace("no fp8", "compile only"))
    assert (own.settings["lora"], "rank of the adapter" in own.assumed) == ("16,unfused", True)


def test_what_a_model_takes_for_granted_is_assumed_aloud(only_case: Callable[..., Case], tmp_path: Path) -> None:
    case = only_case(tmp_path, ROW.replace("Stable Diffusion v1.5", "FLUX.2"))
    assert (case.model, case.grade, case.assumed) == ("flux2-dev", "B", ("the variant dev",))


def test_release_and_options_are_read_out_of_words(only_case: Callable[..., Case], tmp_path: Path) -> None:
    plain = only_case(tmp_path, ROW.replace("q=A", "q=A; fuse_qkv=False"))
    assert (plain.software, plain.options) == ("", ())
    row = ROW.replace("sdpa,eager", "sdpa,torch.compile").replace("q=A", "q=A; torch 2.1; max-autotune; fuse_qkv=True")
    case = only_case(tmp_path, row)
    assert (case.software, case.options) == ("torch-2.1", ("fused QKV", "max-autotune"))


def test_quantised_weights_in_the_notes_are_no_case(table: Callable[..., Path], tmp_path: Path) -> None:
    (row,) = read_published(table(tmp_path, ROW.replace("q=A", "q=B; 8-bit T5"))).unmapped
    assert row.reason == "weights are quantised"


def test_a_host_is_that_of_a_source_or_of_the_modules_board(only_case: Callable[..., Case], tmp_path: Path) -> None:
    assert only_case(tmp_path, ROW).host == "server-2020"  # an SXM4 module
    assert only_case(tmp_path, ROW.replace("NVIDIA A100-80GB SXM", "NVIDIA L40S")).host == ""
    row = ROW.replace("NVIDIA A100-80GB SXM", "NVIDIA RTX 4080 (WSL2)")
    row = row.replace("somebody's README", "github.com/chengzeyi/stable-fast@1:README.md")
    assert only_case(tmp_path, row).host == "desktop-2022"


@pytest.mark.parametrize("word", ["reduce-overhead", "max-autotune"])
def test_modes_of_the_compiler_that_launch_graphs(only_case: Callable[..., Case], tmp_path: Path, word: str) -> None:
    row = ROW.replace("q=A", f"q=A; {word}")
    assert only_case(tmp_path, row).execution["mode"] == "eager"
    compiled = row.replace("sdpa,eager", "sdpa,torch.compile")
    assert only_case(tmp_path, compiled).execution["mode"] == "compiled-graph"
    plain = compiled.replace(word, "max-autotune-no-cudagraphs")
    assert only_case(tmp_path, plain).execution["mode"] == "compiled"


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


@pytest.mark.parametrize(("notes", "offload"), [("mode model_offload", "model"), ("group-offload", "group")])
def test_where_weights_wait_is_read_out_of_the_notes(
    table: Callable[..., Path], tmp_path: Path, notes: str, offload: str
) -> None:
    (case,) = read_published(table(tmp_path, ROW.replace("q=A", f"q=A; {notes}"))).cases
    assert case.execution["offload"] == offload


@pytest.mark.parametrize(
    ("devices", "attention", "notes", "parallel"),
    [
        ("4", "flash (xDiT default, not stated) u2r2", "q=A; USP config u2r2", "ulysses=2,ring=2"),
        ("4", "flash (xDiT default, not stated) ulysses4", "q=A", "ulysses=4"),
        ("4", "", "q=B; cfg-par 2 ulysses 1 ring 2 pipefusion 1", "ring=2,cfg=2"),
        ("8", "", "q=B; cfg-par 2 ulysses 2 ring 1 pipefusion 2", "ulysses=2,pipefusion=2,cfg=2"),
        ("1", "", "q=A", ""),
    ],
)
def test_how_a_run_is_split_over_devices(devices: str, attention: str, notes: str, parallel: str) -> None:
    row = _row_of("SANA 1.6B", n_devices=devices, attention_impl=attention, notes=notes)
    assert case_of_row(row, load_names()).execution.get("parallel", "") == parallel


@pytest.mark.parametrize(
    ("notes", "reason"),
    [
        ("q=B; best parallel config per GPU count", "the best of those that were tried"),
        ("q=A", "split over several devices is not stated"),
        ("q=A; USP config ulysses4", "ulysses=4 is not 2 devices"),
    ],
)
def test_a_split_that_no_one_states_is_no_case(notes: str, reason: str) -> None:
    with pytest.raises(Unmappable, match=reason):
        case_of_row(_row_of("SANA 1.6B", n_devices="2", notes=notes), load_names())


def _row_of(model: str, **columns: str) -> dict[str, str]:
    stated = {"id": "x", "model": model, "component": "e2e", "device": "NVIDIA A100-SXM4-80GB", "precision": "bf16"}
    run = {"compile": "eager", "batch": "1", "height": "1024", "width": "1024", "steps": "20", "guidance": "yes"}
    named = dict.fromkeys(COLUMNS.strip().split(","), "")
    return named | stated | run | {"metric": "seconds", "value": "10", "source": "somewhere"} | columns


@pytest.mark.parametrize(
    ("precision", "source", "notes", "quantize"),
    [
        ("bf16+int8wo", "github.com/sayakpaul/diffusers-torchao:README.md", "q=A", "int8-weight:unet"),
        (
            "bf16+fp8dqrow",
            "github.com/sayakpaul/diffusers-torchao:README.md",
            "q=A; quantize_vae=False",
            "fp8-row:unet,text_encoder",
        ),
        ("bf16+int8dq", "docs/fast_diffusion.md", "q=A", "int8-dynamic-large:unet,vae"),
        ("fp16+int8wo (+TE)", "quanto-diffusers.md", "q=A", "int8-weight-quanto:unet,text_encoder"),
        ("nf4 weights/bf16", "somebody's README", "q=A", "nf4:unet"),
    ],
)
def test_a_quantised_run_has_a_scheme_and_its_components(
    only_case: Callable[..., Case], tmp_path: Path, precision: str, source: str, notes: str, quantize: str
) -> None:
    row = ROW.replace(",fp16,", f",{precision},").replace("somebody's README", source).replace("q=A", notes)
    case = only_case(tmp_path, row)
    assert case.execution["quantize"] == quantize
    assert case.to_execution().quantization.scheme is not None
    assert "quantize" not in only_case(tmp_path, ROW).execution


@pytest.mark.parametrize(
    ("compiled", "mode", "engine"),
    [
        ("onediff-nexfort", "fused", "OneDiff"),
        ("stable-fast cuda graph", "fused", "stable-fast"),
        ("TensorRT 10.2.0", "fused", "TensorRT"),
        ("AITemplate", "fused", "AITemplate"),
        ("eager (ComfyUI)", "eager", ""),
    ],
)
def test_engines_that_fuse_are_named(
    only_case: Callable[..., Case], tmp_path: Path, compiled: str, mode: str, engine: str
) -> None:
    case = only_case(tmp_path, ROW.replace("sdpa,eager", f"sdpa,{compiled}"))
    assert (case.execution["mode"], case.engine) == (mode, engine)


@pytest.mark.parametrize(
    ("component", "precision", "source", "compiled", "autocast"),
    [
        ("e2e", "fp16", "somebody's README", "eager", False),
        ("e2e", "fp16 autocast", "somebody's README", "eager", True),
        ("unet", "fp16", "github.com/facebookincubator/AITemplate", "eager", True),
        ("text_encoder", "fp16", "github.com/facebookincubator/AITemplate", "eager", False),
        ("unet", "fp16", "github.com/facebookincubator/AITemplate", "AITemplate", False),
    ],
)
def test_autocast_is_of_a_precision_or_of_a_script(
    component: str, precision: str, source: str, compiled: str, autocast: bool
) -> None:
    row = _row_of("Stable Diffusion v1", component=component, precision=precision, source=source, compile=compiled)
    row |= {"attention_impl": "naive", "steps": "1"}
    case = case_of_row(row, load_names())
    assert (case.to_execution().autocast, case.settings["dtype"]) == (autocast, "float16")


def test_a_source_may_say_what_ran_and_that_its_rows_are_no_cases() -> None:
    run = {"source": "github.com/apple/ml-stable-diffusion:README.md", "compile": "coreml", "precision": "fp16"}
    mac = case_of_row(_row_of("Stable Diffusion v1.4", device="Apple M1 Max 32c", **run), load_names())
    execution = mac.to_execution()
    assert (mac.device, mac.engine, execution.mode, execution.attention) == ("M1-Max-32c", "Core ML", "fused", "naive")
    with pytest.raises(Unmappable, match="Neural Engine"):
        case_of_row(_row_of("Stable Diffusion v1.4", device="Apple M1", **run), load_names())
    run = {"source": "github.com/huggingface/blog:stable-diffusion-inference-intel.md", "precision": "fp32"}
    xeon = case_of_row(_row_of("Stable Diffusion v1.5", device="Xeon (AWS r7iz.metal-16xl)", **run), load_names())
    assert (xeon.device, xeon.to_execution().attention) == ("Xeon-6455B", "naive")


def test_replicas_of_a_slice_share_a_batch_and_a_rate() -> None:
    slice_of_four = {"n_devices": "4", "compile": "jax/xla", "precision": "bf16", "attention_impl": ""}
    notes = {"batch": "8", "notes": "q=A; batch = total images over 4 chips"}
    source = {"source": "github.com/huggingface/blog:sdxl_jax.md"}
    case = case_of_row(
        _row_of("SDXL base 1.0", device="Google TPU v5e-4", **slice_of_four, **notes, **source), load_names()
    )
    assert (case.device, case.engine, case.settings["batch"], case.execution["parallel"]) == (
        "TPU-v5e",
        "XLA",
        2,
        "data=4",
    )
    rate = {"metric": "images_per_s", "value": "2.0", "source": "github.com/mlcommons/inference_results_v4.1"}
    offline = _row_of("SDXL base 1.0", device="TPU v6", **{**slice_of_four, **rate, "compile": "flax", "batch": ""})
    assert case_of_row(offline, load_names()).value == 4 / 2.0
    with pytest.raises(Unmappable, match="a server waits"):
        case_of_row({**offline, "notes": "q=A; completed samples/s under latency bound"}, load_names())
    with pytest.raises(Unmappable, match="does not go over 4 devices evenly"):
        case_of_row(
            _row_of("SDXL base 1.0", device="TPU v4-8", **slice_of_four, **{**notes, "batch": "6"}, **source),
            load_names(),
        )


def test_a_time_of_one_image_is_that_of_its_share_of_the_batch() -> None:
    source = {"source": "github.com/huggingface/blog:habana-gaudi-2-benchmark.md", "compile": ""}
    row = _row_of(
        "Stable Diffusion v1/v2",
        device="Habana Gaudi2",
        **source,
        **{"batch": "8", "value": "1.19", "metric": "seconds", "notes": "seconds per image", "attention_impl": ""},
    )
    case = case_of_row(row, load_names())
    assert (case.device, case.engine, case.execution["attention"]) == ("Gaudi2", "Graph Compiler", "naive")
    assert case.value == pytest.approx(8 * 1.19)


def test_float32_of_neuron_stays_float32() -> None:
    run = {"compile": "neuron 2.21.0", "precision": "FP32 / Matmult-BF16", "attention_impl": ""}
    case = case_of_row(_row_of("Stable Diffusion 1.5", device="AWS Inf2.xlarge (Inferentia2)", **run), load_names())
    assert (case.device, case.settings["dtype"], case.engine) == ("Inferentia2", "float32", "neuronx-cc")
