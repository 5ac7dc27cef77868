"""Traces of real runs, on the CPU."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from tracer.capture.device import CaptureError, CaptureOptions, trace_callable, trace_pipeline  # noqa: E402
from tracer.capture.machine.device_facts import DeviceError  # noqa: E402
from tracer.capture.machine.memory import CaptureMemoryError  # noqa: E402
from tracer.graph import Workload  # noqa: E402
from tracer.storage.trace_file import load_trace, save_trace  # noqa: E402
from tracer.trace import KernelKind, Trace  # noqa: E402
from tracer.workloads.modules.meta_module import meta_module  # noqa: E402
from tracer.workloads.pipeline import Pipeline, StageSpec  # noqa: E402


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(2, 8)
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.out = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(nn.functional.silu(self.norm(x)))
        return self.out(x.flatten(2).transpose(1, 2))

    def decode(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(x)


def _build(workload: Workload) -> list[StageSpec]:
    module = meta_module(_Block, dtype=workload.dtype)
    dtype = getattr(torch, workload.dtype)

    def denoise(block: Any, repeat: int) -> object:
        return block(torch.empty((workload.batch, 8, 6, 6), dtype=dtype, device="meta"))

    def decode(block: Any, repeat: int) -> object:
        return block.decode(torch.empty((1, 3 + repeat, 8), dtype=dtype, device="meta"))

    return [
        StageSpec(name="denoiser", component="block", module=module, run=denoise, repeats=20),
        StageSpec(name="decoder", component="block", module=module, run=decode, repeats=5, grows=True),
    ]


PIPELINE = Pipeline(
    name="toy", title="Toy", defaults=Workload(dtype="float32"), build=_build, sources=("here",), parameters={}
)


@pytest.fixture(scope="module")
def trace() -> Trace:
    return trace_pipeline(PIPELINE, Workload(batch=2, dtype="float32"), CaptureOptions(steps=2))


def _settings(trace: Trace) -> dict[str, Any]:
    return dict(trace.facts.settings)


def test_stages_run_as_often_as_asked(trace: Trace) -> None:
    assert trace.stages == ("denoiser", "decoder")
    ops = [e.operator.name for e in trace.kernel_events() if e.operator and e.stage == "denoiser"]
    assert ops.count("aten::native_group_norm") == 2
    settings = _settings(trace)
    assert (settings["repeats.denoiser"], settings["runs.denoiser"]) == (20, 2)
    assert (settings["repeats.decoder"], settings["runs.decoder"]) == (5, 2)
    assert settings["elapsed.denoiser"] > 0


def test_operators_have_shapes_modules_and_stages(trace: Trace) -> None:
    by_name = {e.operator.name: e for e in trace.kernel_events() if e.operator}
    norm = by_name["aten::native_group_norm"]
    assert norm.operator is not None
    assert norm.operator.inputs[0].shape == (2, 8, 6, 6)
    assert norm.operator.inputs[0].dtype == "float32"
    assert (norm.module, norm.stage) == ("block.norm", "denoiser")
    assert {trace.module_of(i) for i in range(len(trace.calls))} >= {"block", "block.conv", "block.out"}
    assert {int(k) for k in trace.kernels.kind} == {KernelKind.HOST}


def test_growing_stages_run_from_first_to_last(trace: Trace) -> None:
    lengths = {
        op.inputs[1].shape[0]
        for e in trace.kernel_events()
        if e.stage == "decoder" and (op := e.operator) and op.name == "aten::addmm"
    }
    assert lengths == {3, 7}


def test_making_inputs_and_weights_is_not_part_of_the_run(trace: Trace) -> None:
    names = {trace.operators[i].name for i in trace.calls.operator}
    assert not names & {"aten::normal_", "aten::uniform_", "aten::random_", "aten::randint"}


def test_facts_name_machine_and_workload(trace: Trace) -> None:
    assert trace.facts.format == "roofcast"
    assert trace.facts.device
    assert trace.facts.framework == f"torch {torch.__version__}"
    assert _settings(trace)["workload.batch"] == 2
    assert "workload.height" not in _settings(trace)


def test_the_trace_can_be_written(trace: Trace, tmp_path: Path) -> None:
    save_trace(trace, tmp_path / "t.trace")
    assert load_trace(tmp_path / "t.trace") == trace


def test_progress_ends_with_every_run_done() -> None:
    seen: list[tuple[str, int, int]] = []
    options = CaptureOptions(steps=1, progress=lambda what, done, total: seen.append((what, done, total)))
    trace_pipeline(PIPELINE, Workload(dtype="float32"), options)
    assert {total for _, _, total in seen} == {6}
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert seen[0] == ("denoiser: weights", 0, 6)
    assert seen[-1] == ("decoder: profiled", 5, 6)


def test_the_chrome_trace_is_kept_if_asked(tmp_path: Path) -> None:
    options = CaptureOptions(steps=1, chrome=tmp_path / "run.json.gz")
    trace_pipeline(PIPELINE, Workload(dtype="float32"), options)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.decoder.json.gz", "run.denoiser.json.gz"]
    with gzip.open(tmp_path / "run.denoiser.json.gz") as stream:
        names = {event.get("name") for event in json.load(stream)["traceEvents"]}
    assert "stage:denoiser" in names


def test_a_callable_of_ones_own() -> None:
    module = nn.Sequential(nn.Linear(4, 4), nn.GELU())
    trace = trace_callable(module, torch.ones(3, 4), name="mlp", repeats=3)
    names = [e.name for e in trace.kernel_events()]
    assert (names.count("aten::addmm"), names.count("aten::gelu")) == (3, 3)
    assert trace.stages == ("mlp",)
    assert {trace.module_of(int(c)) for c in trace.kernels.call} == {"mlp.0", "mlp.1"}


def test_a_callable_gets_its_keywords() -> None:
    trace = trace_callable(torch.add, torch.ones(4), other=torch.ones(4), name="add")
    assert [e.name for e in trace.kernel_events()] == ["aten::add"]


def test_meta_parameters_are_refused() -> None:
    with pytest.raises(CaptureError, match="meta device"):
        trace_callable(nn.Linear(2, 2, device="meta"), torch.ones(1, 2))


def test_a_stage_that_fails_is_one_line() -> None:
    def fails() -> None:
        raise RuntimeError("\"conv\" not implemented for 'Half'\nand more")

    with pytest.raises(CaptureError, match=r"^model cannot run on cpu: \"conv\" not implemented for 'Half'$"):
        trace_callable(fails)


def test_a_stage_beyond_memory_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracer.capture.materialize.free_memory", lambda device: 1)
    with pytest.raises(CaptureMemoryError, match="_Block has"):
        trace_pipeline(PIPELINE, Workload(dtype="float32"))


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"warmup": -1}])
def test_counts_that_measure_nothing_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(CaptureError, match="must"):
        CaptureOptions(**wrong)  # type: ignore[arg-type]


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(DeviceError, match="valid: cpu"):
        trace_callable(torch.ones, 2, options=CaptureOptions(device="abacus"))


def _tiny_diffusion(workload: Workload) -> list[StageSpec]:
    """Modules of diffusers and transformers as the workloads build them, with few channels."""
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    from tracer.workloads.construction import diffusers_module, transformers_module
    from tracer.workloads.inputs import meta_tensor
    from tracer.workloads.text_encoders import text_stage

    config = CLIPTextConfig(
        vocab_size=16, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, eos_token_id=2
    )
    sizes = {
        "block_out_channels": (16, 32),
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "cross_attention_dim": 16,
        "attention_head_dim": 2,
        "layers_per_block": 1,
        "norm_num_groups": 4,
    }
    unet = diffusers_module(UNet2DConditionModel, sizes, workload.dtype)

    def run(module: Any, repeat: int) -> object:
        sample, prompts = meta_tensor((1, 4, 8, 8), workload.dtype), meta_tensor((1, 7, 16), workload.dtype)
        return module(sample, meta_tensor((), "int64"), prompts, return_dict=False)

    return [
        text_stage(transformers_module(CLIPTextModel, config, workload.dtype), batch=1, length=7),
        StageSpec(name="unet", component="unet", module=unet, run=run, repeats=50),
    ]


def test_modules_of_diffusers_and_transformers_run_unchanged() -> None:
    pytest.importorskip("diffusers")
    pipeline = replace(PIPELINE, name="tiny", build=_tiny_diffusion)
    trace = trace_pipeline(pipeline, Workload(dtype="float32"), CaptureOptions(steps=1))
    ops = {(e.stage, e.operator.name) for e in trace.kernel_events() if e.operator}
    assert ("text_encoder", "aten::_scaled_dot_product_flash_attention_for_cpu") in ops
    assert ("unet", "aten::native_group_norm") in ops
    cross = [e for e in trace.kernel_events() if "attn2" in e.module and "flash" in e.name]
    assert {e.operator.inputs[1].shape[2] for e in cross if e.operator} == {7}
