"""Copies, fills, gathers and everything else that moves data without arithmetic on it."""

from __future__ import annotations

from tracer.graph import Op

from .op_work import OpWork, compulsory_bytes, op_formula

__all__ = ["bilinear", "copy", "fill", "gather", "in_place_copy", "paged_write", "scatter"]


@op_formula(
    "clone",
    "contiguous",
    "_to_copy",
    "to",
    "cat",
    "stack",
    "hstack",
    "vstack",
    "repeat",
    "repeat_interleave",
    "tile",
    "roll",
    "flip",
    "constant_pad_nd",
    "pad",
    "reflection_pad1d",
    "reflection_pad2d",
    "reflection_pad3d",
    "replication_pad1d",
    "replication_pad2d",
    "replication_pad3d",
    "_pad_circular",
    "upsample_nearest1d",
    "upsample_nearest2d",
    "upsample_nearest3d",
    "_upsample_nearest_exact1d",
    "_upsample_nearest_exact2d",
    "_upsample_nearest_exact3d",
    "pixel_shuffle",
    "pixel_unshuffle",
    "channel_shuffle",
    "reshape",
    "tril",
    "triu",
    "block_diag",
    "im2col",
    "col2im",
    "view_copy",
    "expand_copy",
    "slice_copy",
    "permute_copy",
    "_reshape_copy",
    "_conj_physical",
    "Memcpy",
    "space_to_depth",
    # A value that the host waits for: `tensor.item()`, or a condition on it.
    "_local_scalar_dense",
)
def copy(op: Op) -> OpWork:
    """Every input byte is read once, every output byte written once."""
    read, written = compulsory_bytes(op)
    return OpWork(bytes_read=read, bytes_written=written)


@op_formula("copy", "copy_", "_copy_from", "slice_scatter", "select_scatter")
def in_place_copy(op: Op) -> OpWork:
    """``target.copy_(source)`` reads the source, the second input, and overwrites the target without reading it."""
    source = op.inputs[1] if len(op.inputs) > 1 else op.inputs[0]
    return OpWork(bytes_read=float(source.nbytes), bytes_written=float(op.inputs[0].nbytes))


@op_formula(
    "zeros",
    "ones",
    "full",
    "fill",
    "zero",
    "zeros_like",
    "ones_like",
    "full_like",
    "new_zeros",
    "new_ones",
    "new_full",
    "arange",
    "linspace",
    "eye",
    "scalar_tensor",
    "randn",
    "rand",
    "randn_like",
    "rand_like",
    "randint",
    "randperm",
    "normal",
    "normal_functional",
    "uniform",
    "exponential",
    "bernoulli",
    "tril_indices",
    "triu_indices",
    "_efficientzerotensor",
    "Memset",
)
def fill(op: Op) -> OpWork:
    """Nothing is read; the output is written."""
    written = float(sum(t.nbytes for t in op.outputs)) or float(sum(t.nbytes for t in op.inputs))
    return OpWork(bytes_written=written)


@op_formula("embedding", "index", "index_select", "gather", "take", "take_along_dim", "embedding_bag", "_unsafe_index")
def gather(op: Op) -> OpWork:
    """Rows that are asked for are read, not the table: as many bytes as are written, and the indices."""
    written = float(op.outputs[0].nbytes)
    return OpWork(bytes_read=written + sum(t.nbytes for t in op.inputs[1:]), bytes_written=written)


@op_formula(
    "index_put",
    "_index_put_impl",
    "index_copy",
    "index_add",
    "index_fill",
    "scatter",
    "scatter_add",
    "masked_scatter",
    "masked_select",
    "_unsafe_index_put",
)
def scatter(op: Op) -> OpWork:
    """Values are read and written to their places; an out-of-place call copies the target first."""
    target, values = op.inputs[0].nbytes, op.inputs[-1].nbytes
    indices = sum(t.nbytes for t in op.inputs[1:-1])
    copied = 0 if op.name.endswith("_") else target
    return OpWork(bytes_read=float(copied + values + indices), bytes_written=float(copied + values))


@op_formula("_C_cache_ops::reshape_and_cache_flash", "_C_cache_ops::reshape_and_cache")
def paged_write(op: Op) -> OpWork:
    """Keys and values of new tokens go to their slots of a paged cache, in the cache's dtype."""
    key, value, key_cache, value_cache = op.inputs[:4]
    slots = sum(t.nbytes for t in op.inputs[4:5])
    written = key.numel * key_cache.itemsize + value.numel * value_cache.itemsize
    return OpWork(bytes_read=float(key.nbytes + value.nbytes + slots), bytes_written=float(written))


@op_formula(
    "upsample_linear1d",
    "upsample_bilinear2d",
    "upsample_trilinear3d",
    "upsample_bicubic2d",
    "_upsample_bilinear2d_aa",
    "_upsample_bicubic2d_aa",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "max_pool2d_with_indices",
    "_adaptive_avg_pool2d",
    "_adaptive_avg_pool3d",
    "adaptive_avg_pool1d",
    "grid_sampler_2d",
)
def bilinear(op: Op) -> OpWork:
    """Interpolation and pooling: two FLOPs for every value that enters an output, taken as 4 values an output.

    Linear interpolation and 2x2 pooling have 2 to 8 values an output; memory, not arithmetic, bounds all of them.
    """
    read, written = compulsory_bytes(op)
    return OpWork(vector_flops=8.0 * op.outputs[0].numel, bytes_read=read, bytes_written=written)
