from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.published.case import Case, CaseError
from validation.published.names import Unmappable, load_names
from validation.published.rows.row import case_of_row
from validation.published.table import read_published

COLUMNS, ROW = Path(__file__).parent.with_name("sample.csv").read_text(encoding="utf-8").splitlines(keepends=True)
_FIELDS = ROW.strip().split(",")
_JUNK = st.sampled_from(
    ["", "nan", "inf", "-1", "0", "1.5", "1e20", "None", "x" * 40, "[", "é", "fp16", "q=A", "512x512"]
)


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


def test_what_the_source_leaves_open_is_assumed_aloud(only_case: Callable[..., Case], tmp_path: Path) -> None:
    case = only_case(tmp_path, ROW.replace("NVIDIA A100-80GB SXM", "NVIDIA A100 (variant not stated)"))
    assert case.grade == "B"
    assert case.assumed == ("variant A100-SXM4-80GB",)


def test_another_power_limit_is_an_assumption(only_case: Callable[..., Case], tmp_path: Path) -> None:
    case = only_case(tmp_path, ROW.replace("A100-80GB SXM", "A100-80GB (330W)"))
    assert case.grade == "B"
    assert "330 W" in case.assumed[0]
    assert only_case(tmp_path, ROW.replace("A100-80GB SXM", "A100-80GB (400W)")).grade == "A"


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


def test_half_of_a_package_is_a_part(only_case: Callable[..., Case], tmp_path: Path) -> None:
    assert only_case(tmp_path, ROW.replace("NVIDIA A100-80GB SXM", "AMD MI250 (1 GCD)")).device == "MI250-GCD"


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


def test_a_source_may_say_what_ran_and_that_its_rows_are_no_cases(row_of: Callable[..., dict[str, str]]) -> None:
    run = {"source": "github.com/apple/ml-stable-diffusion:README.md", "compile": "coreml", "precision": "fp16"}
    mac = case_of_row(row_of("Stable Diffusion v1.4", device="Apple M1 Max 32c", **run), load_names())
    execution = mac.to_execution()
    assert (mac.device, mac.engine, execution.mode, execution.attention) == ("M1-Max-32c", "Core ML", "fused", "naive")
    with pytest.raises(Unmappable, match="Neural Engine"):
        case_of_row(row_of("Stable Diffusion v1.4", device="Apple M1", **run), load_names())
    run = {"source": "github.com/huggingface/blog:stable-diffusion-inference-intel.md", "precision": "fp32"}
    xeon = case_of_row(row_of("Stable Diffusion v1.5", device="Xeon (AWS r7iz.metal-16xl)", **run), load_names())
    assert (xeon.device, xeon.to_execution().attention) == ("Xeon-6455B", "naive")


def test_replicas_of_a_slice_share_a_batch_and_a_rate(row_of: Callable[..., dict[str, str]]) -> None:
    slice_of_four = {"n_devices": "4", "compile": "jax/xla", "precision": "bf16", "attention_impl": ""}
    notes = {"batch": "8", "notes": "q=A; batch = total images over 4 chips"}
    source = {"source": "github.com/huggingface/blog:sdxl_jax.md"}
    case = case_of_row(
        row_of("SDXL base 1.0", device="Google TPU v5e-4", **slice_of_four, **notes, **source), load_names()
    )
    assert (case.device, case.engine, case.settings["batch"], case.execution["parallel"]) == (
        "TPU-v5e",
        "XLA",
        2,
        "data=4",
    )
    rate = {"metric": "images_per_s", "value": "2.0", "source": "github.com/mlcommons/inference_results_v4.1"}
    offline = row_of("SDXL base 1.0", device="TPU v6", **{**slice_of_four, **rate, "compile": "flax", "batch": ""})
    assert case_of_row(offline, load_names()).value == 4 / 2.0
    with pytest.raises(Unmappable, match="a server waits"):
        case_of_row({**offline, "notes": "q=A; completed samples/s under latency bound"}, load_names())
    with pytest.raises(Unmappable, match="does not go over 4 devices evenly"):
        case_of_row(
            row_of("SDXL base 1.0", device="TPU v4-8", **slice_of_four, **{**notes, "batch": "6"}, **source),
            load_names(),
        )
