"""Attention: one fused kernel, or products and softmax with the scores in memory."""

from __future__ import annotations

import pytest

from simulator.execution import ATTENTION_CHOICES, Execution
from simulator.kernels import Attention, AttentionAlgorithm
from simulator.lowering import kernels_of
from tracer.graph import Op, TensorSpec

_SDPA = "scaled_dot_product_attention"
_NAIVE, _FLASH = Execution(attention="naive"), Execution()
_PLAIN = (2, 3, 16, 8)  # batch, heads, length, width


def _interleaved(batch: int, heads: int, length: int, width: int) -> TensorSpec:
    """(batch, length, heads, width) in memory, seen as (batch, heads, length, width)."""
    steps = (length * heads * width, width, heads * width, 1)
    return TensorSpec((batch, heads, length, width), "float16", steps)


def _names(op, execution) -> list[str]:
    return [kernel.name for kernel in kernels_of(op, execution)]


class TestFused:
    def test_one_kernel_that_stores_no_scores(self, call):
        (kernel,) = kernels_of(call(_SDPA, [_PLAIN, (2, 3, 5, 8), (2, 3, 5, 8)], [_PLAIN]), _FLASH)
        assert isinstance(kernel, Attention)
        assert (kernel.num_heads, kernel.query_length, kernel.key_length, kernel.head_dim) == (6, 16, 5, 8)
        assert kernel.heads_per_key_head == 1
        assert kernel.matrix_flops == 4 * 6 * 16 * 5 * 8
        assert kernel.bytes_read + kernel.bytes_written == 2 * (2 * 6 * 16 * 8 + 2 * 6 * 5 * 8)

    def test_grouped_queries(self, call):
        op = call(_SDPA, [(2, 8, 16, 4), (2, 2, 16, 4), (2, 2, 16, 4)], [(2, 8, 16, 4)], enable_gqa=True)
        (kernel,) = kernels_of(op, _FLASH)
        assert (kernel.num_heads, kernel.heads_per_key_head) == (16, 4)

    def test_a_narrow_cache_has_fewer_bytes_and_the_same_work(self):
        query, wide = TensorSpec((2, 8, 1, 4), "float16"), TensorSpec((2, 2, 16, 4), "float16")
        narrow = TensorSpec((2, 2, 16, 4), "int8")
        ops = [Op("serving::paged_attention", (query, keys, keys), (query,)) for keys in (wide, narrow)]
        full, less = (kernels_of(op, Execution(attention="flash2"))[0] for op in ops)
        assert (full.key_share, less.key_share) == (1.0, 0.5)
        assert full.bytes_read - less.bytes_read == 2 * 2 * 2 * 16 * 4
        assert (less.matrix_flops, less.itemsize, less.number_format) == (full.matrix_flops, 2, "fp16")

    def test_a_causal_mask_is_skipped_over(self, call):
        (kernel,) = kernels_of(call(_SDPA, [_PLAIN] * 3, [_PLAIN], is_causal=True), _FLASH)
        assert kernel.causal
        assert kernel.matrix_flops == 4 * 6 * (16 * 17 / 2) * 8

    @pytest.mark.parametrize(
        ("attention", "implementation"),
        [
            ("flash", AttentionAlgorithm.FLASH2),
            ("flash2", AttentionAlgorithm.FLASH2),
            ("flash3", AttentionAlgorithm.FLASH3),
            ("flash4", AttentionAlgorithm.FLASH4),
            ("cudnn", AttentionAlgorithm.CUDNN),
            ("efficient", AttentionAlgorithm.EFFICIENT),
        ],
    )
    def test_implementations(self, attention, implementation, call):
        (kernel,) = kernels_of(call(_SDPA, [_PLAIN] * 3, [_PLAIN]), Execution(attention=attention))
        assert kernel.algorithm == implementation

    def test_float32_has_an_algorithm_of_its_own(self, call):
        (kernel,) = kernels_of(call(_SDPA, [_PLAIN] * 3, [_PLAIN], dtype="float32"), _FLASH)
        assert kernel.algorithm == AttentionAlgorithm.SPLIT_FLOAT32

    @pytest.mark.parametrize(
        ("tensors", "attributes"),
        [
            ([_PLAIN, _PLAIN, _PLAIN, (1, 1, 16, 16)], {}),  # a mask
            ([(2, 3, 16, 512)] * 3, {}),  # a head over 256
            ([_PLAIN, (2, 3, 24, 8), (2, 3, 24, 8)], {"is_causal": True}),
        ],
        ids=["mask", "wide head", "uneven causal"],
    )
    def test_what_flash_attention_refuses_takes_the_memory_efficient_kernel(self, tensors, attributes, call):
        (kernel,) = kernels_of(call(_SDPA, tensors, [_PLAIN], **attributes), _FLASH)
        assert kernel.algorithm == AttentionAlgorithm.EFFICIENT

    def test_grouped_queries_with_a_mask_are_separate_products(self, call):
        tensors = [(2, 8, 16, 4), (2, 2, 16, 4), (2, 2, 16, 4), (1, 1, 16, 16)]
        op = call(_SDPA, tensors, [(2, 8, 16, 4)], enable_gqa=True)
        assert "attention_softmax" in _names(op, _FLASH)


class TestNaive:
    def test_product_softmax_product_and_the_merging_of_heads(self, call):
        op = call(_SDPA, [_PLAIN, (2, 3, 5, 8), (2, 3, 5, 8)], [_PLAIN])
        scores, softmax, values, merge = kernels_of(op, _NAIVE)
        assert [k.name for k in (scores, softmax, values, merge)] == [
            "attention_scores",
            "attention_softmax",
            "attention_values",
            "merge_heads",
        ]
        assert (scores.batch, scores.m, scores.n, scores.k) == (6, 16, 5, 8)
        assert (values.batch, values.m, values.n, values.k) == (6, 16, 8, 5)
        assert scores.matrix_flops + values.matrix_flops == 4 * 6 * 16 * 5 * 8
        score_bytes = 2 * 6 * 16 * 5
        assert (scores.bytes_written, softmax.bytes_read, softmax.bytes_written) == (score_bytes,) * 3
        assert values.bytes_read == score_bytes + 2 * 6 * 5 * 8
        assert (softmax.rows, softmax.row_length) == (6 * 16, 5)

    @pytest.mark.parametrize(("tensors", "attributes"), [([(1, 1, 16, 16)], {}), ([], {"is_causal": True})])
    def test_a_mask_is_one_more_pass_and_saves_no_work(self, tensors, attributes, call):
        op = call(_SDPA, [*[_PLAIN] * 3, *tensors], [_PLAIN], **attributes)
        names = _names(op, _NAIVE)
        assert names == ["attention_scores", "attention_mask", "attention_softmax", "attention_values", "merge_heads"]
        assert sum(k.matrix_flops for k in kernels_of(op, _NAIVE)) == 4 * 6 * 256 * 8

    def test_interleaved_heads_are_split_by_copies(self, call):
        heads = _interleaved(2, 3, 16, 8)
        assert _names(call(_SDPA, [heads] * 3, [heads]), _NAIVE)[:4] == ["split_heads"] * 3 + ["attention_scores"]

    @pytest.mark.parametrize(
        "tensor",
        [
            _interleaved(1, 3, 16, 8),  # one sample: heads lie at even steps
            TensorSpec((2, 3, 16, 8), "float16", (3 * 64 * 8, 64 * 8, 8, 1)),  # part of a longer cache
            TensorSpec((2, 3, 16, 8), "float16", (384, 128, 1, 16)),  # transposed, which products take
        ],
        ids=["one sample", "cache", "transposed"],
    )
    def test_matrices_at_even_steps_need_no_copy(self, tensor, call):
        assert "split_heads" not in _names(call(_SDPA, [tensor] * 3, [tensor]), _NAIVE)

    def test_copies_are_those_that_reshape_makes(self, call):
        torch = pytest.importorskip("torch")
        base = torch.empty(2, 4, 6, 8)
        for axes in [(0, 1, 2, 3), (0, 2, 1, 3), (1, 0, 2, 3), (2, 1, 0, 3), (1, 2, 0, 3)]:
            tensor = base.permute(axes)
            strides = () if tensor.is_contiguous() else tuple(tensor.stride())
            spec = TensorSpec(tuple(tensor.shape), "float32", strides)
            copied = tensor.reshape(-1, *tensor.shape[-2:]).data_ptr() != tensor.data_ptr()
            assert ("split_heads" in _names(call(_SDPA, [spec] * 3, [spec]), _NAIVE)) == copied, axes

    def test_it_moves_more_bytes_than_fused_attention(self, call):
        op = call(_SDPA, [(2, 8, 1024, 64)] * 3, [(2, 8, 1024, 64)])
        fused, naive = (sum(k.bytes_read + k.bytes_written for k in kernels_of(op, e)) for e in (_FLASH, _NAIVE))
        assert naive > 10 * fused


@pytest.mark.parametrize("attention", ATTENTION_CHOICES)
def test_an_operator_that_names_its_kernel_leaves_no_choice(attention, call):
    execution = Execution(attention=attention)
    flash = call("_scaled_dot_product_flash_attention", [_PLAIN] * 3, [_PLAIN])
    assert [k.algorithm for k in kernels_of(flash, execution)] == [AttentionAlgorithm.FLASH2]
    cudnn = call("_scaled_dot_product_cudnn_attention", [_PLAIN] * 3, [_PLAIN])
    assert [k.algorithm for k in kernels_of(cudnn, execution)] == [AttentionAlgorithm.CUDNN]
    efficient = call("_scaled_dot_product_efficient_attention", [_PLAIN] * 3, [_PLAIN])
    assert [k.algorithm for k in kernels_of(efficient, execution)] == [AttentionAlgorithm.EFFICIENT]
    math = call("_scaled_dot_product_attention_math", [_PLAIN] * 3, [_PLAIN])
    assert "attention_softmax" in _names(math, execution)
