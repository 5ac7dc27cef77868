from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from validation.published.case import Case
from validation.published.names import Unmappable, load_names
from validation.published.rows.row import case_of_row
from validation.published.table import read_published

COLUMNS, ROW = Path(__file__).parent.with_name("sample.csv").read_text(encoding="utf-8").splitlines(keepends=True)


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


def test_the_compiler_of_torch_2_0_leaves_layouts(only_case: Callable[..., Case], tmp_path: Path) -> None:
    row = ROW.replace(",eager,", ",torch.compile,")
    assert only_case(tmp_path, row).to_execution().optimizes_layout
    assert not only_case(tmp_path, row.replace("q=A", "q=A; torch2.0 nightly")).to_execution().optimizes_layout


def test_attention_that_is_not_stated_is_that_of_the_time(only_case: Callable[..., Case], tmp_path: Path) -> None:
    old = only_case(tmp_path, ROW.replace(",sdpa,eager,", ",,eager (PyTorch 1.12),"))
    new = only_case(tmp_path, ROW.replace(",sdpa,", ",,").replace("Stable Diffusion v1.5", "FLUX.1-dev"))
    assert (old.execution["attention"], old.assumed) == ("naive", ("attention",))
    assert (new.execution["attention"], new.assumed) == ("flash", ("attention",))


@pytest.mark.parametrize("word", ["reduce-overhead", "max-autotune"])
def test_modes_of_the_compiler_that_launch_graphs(only_case: Callable[..., Case], tmp_path: Path, word: str) -> None:
    row = ROW.replace("q=A", f"q=A; {word}")
    assert only_case(tmp_path, row).execution["mode"] == "eager"
    compiled = row.replace("sdpa,eager", "sdpa,torch.compile")
    assert only_case(tmp_path, compiled).execution["mode"] == "compiled-graph"
    plain = compiled.replace(word, "max-autotune-no-cudagraphs")
    assert only_case(tmp_path, plain).execution["mode"] == "compiled"


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
def test_how_a_run_is_split_over_devices(
    row_of: Callable[..., dict[str, str]], devices: str, attention: str, notes: str, parallel: str
) -> None:
    row = row_of("SANA 1.6B", n_devices=devices, attention_impl=attention, notes=notes)
    assert case_of_row(row, load_names()).execution.get("parallel", "") == parallel


@pytest.mark.parametrize(
    ("notes", "reason"),
    [
        ("q=B; best parallel config per GPU count", "the best of those that were tried"),
        ("q=A", "split over several devices is not stated"),
        ("q=A; USP config ulysses4", "ulysses=4 is not 2 devices"),
    ],
)
def test_a_split_that_no_one_states_is_no_case(row_of: Callable[..., dict[str, str]], notes: str, reason: str) -> None:
    with pytest.raises(Unmappable, match=reason):
        case_of_row(row_of("SANA 1.6B", n_devices="2", notes=notes), load_names())


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
    row_of: Callable[..., dict[str, str]], component: str, precision: str, source: str, compiled: str, autocast: bool
) -> None:
    row = row_of("Stable Diffusion v1", component=component, precision=precision, source=source, compile=compiled)
    row |= {"attention_impl": "naive", "steps": "1"}
    case = case_of_row(row, load_names())
    assert (case.to_execution().autocast, case.settings["dtype"]) == (autocast, "float16")


def _of_source(row: str, source: str) -> str:
    fields = row.strip().split(",")
    fields[COLUMNS.strip().split(",").index("source")] = source
    return ",".join(fields) + "\n"
