"""Which fused attention kernel runs a call on an accelerator, by name and by the framework's release."""

from __future__ import annotations

import pytest

from hw_specs import load_accelerator
from simulator.execution import Execution, ExecutionError
from simulator.kernels import AttentionAlgorithm
from simulator.lowering import execution_on
from simulator.lowering.attention.choice import algorithm_of, with_kernels_of
from simulator.software import SoftwareError, load_software
from tracer.graph import Op, TensorSpec

_SDPA = "scaled_dot_product_attention"
_PLAIN = [(2, 3, 16, 8)] * 3
_MASKED = [*_PLAIN, (1, 1, 16, 16)]


def _on(accelerator: str, software: str = "", **options: str) -> Execution:
    return execution_on(load_accelerator(accelerator), Execution(software=load_software(software), **options))


@pytest.mark.parametrize(
    ("accelerator", "software", "tensors", "chosen"),
    [
        ("a100", "torch-2.13", _PLAIN, AttentionAlgorithm.FLASH2),
        ("a100", "torch-2.13", _MASKED, AttentionAlgorithm.EFFICIENT),
        ("a100", "torch-1.13", _PLAIN, None),
        ("a100", "torch-2.1", _PLAIN, AttentionAlgorithm.EFFICIENT),
        ("t4", "torch-2.13", _PLAIN, AttentionAlgorithm.EFFICIENT),
        ("h100", "torch-2.4", _PLAIN, AttentionAlgorithm.FLASH2),
        ("h100", "torch-2.5", _PLAIN, AttentionAlgorithm.CUDNN),
        ("h100", "torch-2.5.1", _PLAIN, AttentionAlgorithm.FLASH2),
        ("h100", "torch-2.6", _PLAIN, AttentionAlgorithm.FLASH2),
        ("h100", "torch-2.9", _PLAIN, AttentionAlgorithm.CUDNN),
        ("h100", "torch-2.10", _PLAIN, AttentionAlgorithm.FLASH2),
        ("h100", "torch-2.13", _MASKED, AttentionAlgorithm.CUDNN),
        ("h100", "torch-2.13", [(2, 3, 16, 512)] * 3, AttentionAlgorithm.EFFICIENT),
        ("b200", "torch-2.13", [(2, 3, 16, 256)] * 3, AttentionAlgorithm.FLASH2),
        ("b300", "torch-2.13", _PLAIN, AttentionAlgorithm.CUDNN),
        ("b300", "torch-2.9", _PLAIN, AttentionAlgorithm.FLASH2),
        ("rtx_pro_6000_blackwell", "torch-2.13", _PLAIN, AttentionAlgorithm.FLASH2),
    ],
)
def test_what_the_framework_picks(accelerator, software, tensors, chosen, call):
    assert algorithm_of(call(_SDPA, tensors, [tensors[0]]), _on(accelerator, software)) == chosen


@pytest.mark.parametrize(
    ("accelerator", "attention"),
    [
        ("a100", "flash3"),
        ("a100", "trtllm"),
        ("t4", "flash2"),
        ("b200", "flash3"),
        ("mi300x", "cudnn"),
        ("mi210", "aiter"),
    ],
)
def test_a_kernel_that_the_architecture_lacks_is_refused(accelerator, attention):
    with pytest.raises(ExecutionError, match=rf"attention '{attention}' does not exist on .*; valid: naive, flash, "):
        _on(accelerator, attention=attention)


@pytest.mark.parametrize(
    ("attention", "tensors", "dtype", "reason"),
    [
        ("flash2", _MASKED, "float16", "a mask"),
        ("flash3", _MASKED, "float16", "a mask"),
        ("flash2", [(2, 3, 16, 512)] * 3, "float16", "heads of 512 elements, more than 256"),
        ("flash2", _PLAIN, "float32", "operands in fp32"),
    ],
)
def test_a_kernel_by_name_runs_every_call_or_is_refused(attention, tensors, dtype, reason, call):
    op = call(_SDPA, tensors, [tensors[0]], dtype=dtype)
    with pytest.raises(
        ExecutionError, match=rf"attention '{attention}' cannot run a call with {reason}; valid for it: "
    ):
        algorithm_of(op, _on("h100", attention=attention))
    assert algorithm_of(call(_SDPA, _PLAIN, [_PLAIN[0]]), _on("h100", attention=attention)) is not None


def test_masks_are_no_matter_for_kernels_that_take_them(call):
    op = call(_SDPA, _MASKED, [_PLAIN[0]])
    assert algorithm_of(op, _on("h100", attention="efficient")) == AttentionAlgorithm.EFFICIENT
    assert algorithm_of(op, _on("h100", attention="cudnn")) == AttentionAlgorithm.CUDNN


def test_a_traced_kernel_that_the_part_lacks_gives_way_to_what_the_framework_picks(call):
    op = call("_scaled_dot_product_flash_attention", _PLAIN, [_PLAIN[0]])
    assert algorithm_of(op, _on("a100")) == AttentionAlgorithm.FLASH2
    assert algorithm_of(op, _on("t4")) == AttentionAlgorithm.EFFICIENT


@pytest.mark.parametrize(
    ("name", "chosen"),
    [("aiter::fmha_v3_fwd", AttentionAlgorithm.AITER), ("_flash_attention_forward", AttentionAlgorithm.FLASH2)],
)
def test_an_operator_of_a_library_runs_its_kernel(name, chosen, call):
    op = call(name, _PLAIN, [_PLAIN[0]])
    assert algorithm_of(op, _on("mi300x")) == chosen
    assert algorithm_of(op, _on("a100")) == AttentionAlgorithm.FLASH2


@pytest.mark.parametrize(("accelerator", "kernel"), [("mi300x", "ck"), ("mi300x", "aiter"), ("mi210", "ck")])
def test_kernels_of_libraries_for_wavefronts(accelerator, kernel, call):
    op = call(_SDPA, _PLAIN, [_PLAIN[0]])
    assert algorithm_of(op, _on(accelerator, attention=kernel)).name == kernel.upper()


def test_software_of_other_hardware_is_refused(tmp_path):
    (tmp_path / "frame-1.yaml").write_text(
        "name: frame-1\nlayer: framework\nreleases: ['1']\nattention: []\nsoftmax_in_registers: 1024\n"
        "unfolded_convolutions_3d: []\ncompiles: true\nlayout_optimization: always\ntargets: [gfx942]\n"
        "sources: {attention: a, softmax_in_registers: a, unfolded_convolutions_3d: a, compiles: a, "
        "layout_optimization: a, targets: a}\n"
    )
    execution = Execution(software=load_software("frame-1", tmp_path))
    assert with_kernels_of(load_accelerator("mi300x"), execution).tried == ()
    with pytest.raises(SoftwareError, match=r"frame-1 runs on gfx942, and A100-SXM4-80GB is sm_80"):
        with_kernels_of(load_accelerator("a100"), execution)


@pytest.mark.parametrize(
    ("accelerator", "attention", "chosen"),
    [
        ("a100", "flash", AttentionAlgorithm.FLASH2_PAGED),
        ("h100", "flash", AttentionAlgorithm.FLASH3),
        ("b200", "flash", AttentionAlgorithm.TRTLLM),
        ("h100", "flash2", AttentionAlgorithm.FLASH2_PAGED),
        ("a100", "naive", None),
    ],
)
def test_kernel_that_reads_a_paged_cache(accelerator, attention, chosen, call):
    tensors = [(1, 4, 1, 64), (1, 4, 9, 64), (1, 4, 9, 64)]
    op = call("serving::paged_attention", tensors, [(1, 4, 1, 64)])
    assert algorithm_of(op, _on(accelerator, attention=attention)) is chosen


@pytest.mark.parametrize(
    ("accelerator", "attention", "chosen"),
    [
        ("a100", "flash", AttentionAlgorithm.FLASH2_PAGED),
        ("h100", "flash", AttentionAlgorithm.FLASH2_PAGED),
        ("h100", "flash3", AttentionAlgorithm.FLASH2_PAGED),
        ("b200", "flash", AttentionAlgorithm.TRTLLM),
        ("a100", "naive", None),
    ],
)
def test_a_narrow_cache_is_read_by_a_kernel_that_takes_two_formats(accelerator, attention, chosen):
    wide, narrow = TensorSpec((1, 4, 1, 64), "float16"), TensorSpec((1, 4, 9, 64), "float8_e4m3fn")
    op = Op("serving::paged_attention", (wide, narrow, narrow), (wide,))
    assert algorithm_of(op, _on(accelerator, attention=attention)) is chosen
