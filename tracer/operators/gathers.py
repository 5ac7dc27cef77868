"""Values at given indices, read or written."""

from __future__ import annotations

from functools import partial

from tracer.graph import Op, TensorSpec

from .declaration import declare
from .kinds import Kind
from .shapes import numbers

__all__ = ["OPERATORS"]


def _embedded(op: Op) -> tuple[TensorSpec, ...]:
    table, indices = op.inputs[:2]
    return (TensorSpec((*indices.shape, table.shape[-1]), table.dtype),)


def _selected(op: Op) -> tuple[TensorSpec, ...]:
    data, index = op.inputs[:2]
    axis = numbers(op, "dim", 1, 0)[0] % len(data.shape)
    return (TensorSpec(tuple(index.numel if i == axis else n for i, n in enumerate(data.shape)), data.dtype),)


def _gathered(op: Op) -> tuple[TensorSpec, ...]:
    return (TensorSpec(op.inputs[1].shape, op.inputs[0].dtype),)


def _embedding_gradient(op: Op) -> tuple[TensorSpec, ...]:
    grad = op.inputs[0]
    return (TensorSpec((numbers(op, "num_weights", 1, 1)[0], grad.shape[-1]), grad.dtype),)


def _second_input(op: Op) -> tuple[TensorSpec, ...]:
    data = op.inputs[1]
    return (TensorSpec(data.shape, data.dtype),)


_gather = partial(declare, kind=Kind.GATHER)
_scatter = partial(declare, kind=Kind.SCATTER)
_gradient = partial(declare, kind=Kind.SCATTER_TO_ZEROS)

OPERATORS = (
    _gather("embedding", "weight indices padding_idx scale_grad_by_freq sparse", outputs=_embedded),
    _gather("index_select", "self dim index", outputs=_selected),
    _gather("gather", "self dim index sparse_grad", outputs=_gathered),
    _gather("take_along_dim", outputs=_gathered),
    _gather("index _unsafe_index take embedding_bag"),
    _scatter("index_put _index_put_impl _unsafe_index_put index_copy index_add index_fill"),
    _scatter("scatter scatter_add masked_scatter masked_select"),
    # The loss is the mean of a value of each row, in one thread block (aten/src/ATen/native/cuda/Loss.cu).
    _gather("nll_loss_forward nll_loss2d_forward"),
    _gradient(
        "embedding_dense_backward",
        "grad_output indices num_weights padding_idx scale_grad_by_freq",
        outputs=_embedding_gradient,
    ),
    _gradient("nll_loss_backward nll_loss2d_backward", outputs=_second_input),
    # vllm-project/vllm, csrc/torch_bindings.cpp
    declare(
        "_C_cache_ops::reshape_and_cache_flash _C_cache_ops::reshape_and_cache",
        "key value key_cache value_cache slot_mapping kv_cache_dtype k_scale v_scale",
        kind=Kind.PAGED_WRITE,
    ),
    # What the tracer writes for the same: slots of the new tokens in place of the whole pool.
    declare("serving::paged_write", "key value key_slots value_slots slot_mapping", kind=Kind.PAGED_WRITE),
)
