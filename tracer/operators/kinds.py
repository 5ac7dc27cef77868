"""Kinds of operators: what an operator does, and all that its cost, its kernels and its category follow from."""

from __future__ import annotations

import enum

__all__ = ["ATTENTIONS", "ATTENTION_GRADIENTS", "COLLECTIVES", "CONVOLUTIONS", "FREE", "GENERATED", "PRODUCTS", "Kind"]


class Kind(enum.Enum):
    """What an operator does. Whoever costs operators has a formula for each kind, and knows no operator by name."""

    ELEMENTWISE = enum.auto()
    """Arithmetic on each element of the output, whose operands broadcast. Declares the FLOPs of one element."""
    COMPARISON = enum.auto()
    """Elementwise, with a truth value for each element."""
    REDUCTION = enum.auto()
    """Each output from many inputs along axes: sums, maxima, counts. Declares the FLOPs of one input element."""
    SCAN = enum.auto()
    """Running sums or products along an axis. Declares the FLOPs of one element."""
    LOSS = enum.auto()
    """A value for each element of two tensors, and the mean of all. Declares the FLOPs of one element."""
    FOREACH = enum.auto()
    """Elementwise arithmetic on lists of tensors, many of them in one kernel. Declares the FLOPs of one element."""
    SORT = enum.auto()
    """Order of the elements along an axis, all of it or the first few."""
    SOFTMAX = enum.auto()
    """Exponentials along an axis over their sum, or the logarithm of that."""

    LAYER_NORM = enum.auto()
    """Each row less its mean, over its deviation, scaled and shifted."""
    RMS_NORM = enum.auto()
    """Each row over the root of its mean square, scaled."""
    RESIDUAL_RMS_NORM = enum.auto()
    """Sum of input and residual, and its RMS norm; both inputs are overwritten."""
    GROUP_NORM = enum.auto()
    """Each group of channels less its mean, over its deviation; one thread block takes the moments of a group."""
    SPREAD_GROUP_NORM = enum.auto()
    """Group norm whose moments several thread blocks take together."""
    BATCH_NORM = enum.auto()
    """Scale and shift of each channel by statistics that are stored, or in training by its own."""
    LAYER_NORM_BACKWARD = enum.auto()
    """Gradients of a layer norm: of its input row by row, of its scale and shift over all rows."""
    CHANNEL_NORM_BACKWARD = enum.auto()
    """Gradients of a norm whose statistics are of groups of channels: sums first, then its input's elements."""
    BATCH_NORM_BACKWARD = enum.auto()
    """Gradients of a norm whose statistics are of a channel in all images; one thread block takes a channel's sums."""

    PRODUCT = enum.auto()
    """Product of two matrices, or of a matrix and a vector; any batch of the first is rows."""
    BATCHED_PRODUCT = enum.auto()
    """Products of the matrices of two batches, one by one."""
    BIASED_PRODUCT = enum.auto()
    """``beta * bias + alpha * a @ b``; the bias is the first input."""
    BIASED_BATCHED_PRODUCT = enum.auto()
    """``beta * bias + alpha * a_i @ b_i`` for each matrix of two batches."""
    BIASED_SUM_OF_PRODUCTS = enum.auto()
    """``beta * bias + alpha * sum_i a_i @ b_i`` over two batches."""
    GROUPED_PRODUCT = enum.auto()
    """Rows times the weight of the group that each belongs to: the experts of a mixture."""
    FUSED_EXPERTS = enum.auto()
    """The experts of a mixture as a serving engine runs them: two products of groups, a gate between, a sum after."""
    LINEAR = enum.auto()
    """``x @ weight.T + bias``; the weight has a row for each output."""

    CONVOLUTION = enum.auto()
    """Convolution of any rank, over input and weight."""
    TRANSPOSED_CONVOLUTION = enum.auto()
    """Adjoint of a convolution: each input element meets every tap."""
    CONVOLUTION_BACKWARD = enum.auto()
    """Gradients of a convolution's input and weight, as far as they are asked for, after the output's gradient."""

    ATTENTION = enum.auto()
    """Scaled dot-product attention whose kernel the framework chooses. Declares the axis of the heads."""
    SEPARATE_ATTENTION = enum.auto()
    """Attention as two products with the scores in memory between them."""
    FLASH_ATTENTION = enum.auto()
    """Attention in a kernel of the FlashAttention line."""
    EFFICIENT_ATTENTION = enum.auto()
    """Attention in CUTLASS's memory-efficient kernel."""
    CUDNN_ATTENTION = enum.auto()
    """Attention in cuDNN's fused kernel."""
    PAGED_ATTENTION = enum.auto()
    """Attention of a serving engine to keys and values in pages; a causal mask ends at the last key."""
    PACKED_ATTENTION = enum.auto()
    """Attention of sequences that lie one after another, whose starts are a tensor."""
    ATTENTION_BACKWARD = enum.auto()
    """Gradients of query, key and value, after the output's gradient, in the kernel that the framework chooses."""
    FLASH_ATTENTION_BACKWARD = enum.auto()
    """The same in kernels of the FlashAttention line."""
    EFFICIENT_ATTENTION_BACKWARD = enum.auto()
    """The same in CUTLASS's memory-efficient kernel."""
    CUDNN_ATTENTION_BACKWARD = enum.auto()
    """The same in cuDNN's fused kernel."""

    COPY = enum.auto()
    """Every input byte read, every output byte written, in whatever order or dtype."""
    IN_PLACE_COPY = enum.auto()
    """The second input is written over the first, which is not read."""
    CONCATENATION = enum.auto()
    """Inputs side by side along an axis, an old one or a new one."""
    PADDING = enum.auto()
    """The input within an output that is filled with a constant."""
    FILL = enum.auto()
    """An output that follows from no input's values: constants, sequences, random numbers."""
    GATHER = enum.auto()
    """Rows or elements of a table at given indices."""
    SCATTER = enum.auto()
    """Values written to given indices of a tensor; an out-of-place call copies the tensor first."""
    SCATTER_TO_ZEROS = enum.auto()
    """Values added to given places of a tensor that is zero elsewhere: gradients of gathers."""
    PAGED_WRITE = enum.auto()
    """Keys and values of new tokens written to their slots of a paged cache."""
    RESAMPLE = enum.auto()
    """Interpolation of an image or video to another size. Nearest neighbours are a copy."""
    POOLING = enum.auto()
    """Average or maximum over windows of an image or video."""
    WINDOW_BACKWARD = enum.auto()
    """Gradient of pooling or interpolation: of its input from that of its output, which is the first tensor."""
    ROTARY = enum.auto()
    """Pairs of elements of query and key rotated in place, by angles of each token's position."""
    ROW_QUANTIZATION = enum.auto()
    """Each row scaled by its largest magnitude to a narrow format."""

    VIEW = enum.auto()
    """Another shape of the same storage: nothing is launched."""
    ALLOCATION = enum.auto()
    """Storage without contents: nothing is launched."""
    HOST = enum.auto()
    """A question that the host answers: nothing is launched."""

    ALL_REDUCE = enum.auto()
    """Sum over all ranks, on every rank."""
    ALL_GATHER = enum.auto()
    """The parts of all ranks, on every rank."""
    REDUCE_SCATTER = enum.auto()
    """Sum over all ranks, a part on each."""
    ALL_TO_ALL = enum.auto()
    """A part of every rank for every other."""
    BROADCAST = enum.auto()
    """The tensor of one rank, on every rank."""
    POINT_TO_POINT = enum.auto()
    """The tensor of one rank, on another."""

    GENERATED_POINTWISE = enum.auto()
    """Kernel that a compiler generated from a chain of elementwise operators."""
    GENERATED_REDUCTION = enum.auto()
    """Generated kernel that passes over rows twice."""
    GENERATED_PERSISTENT_REDUCTION = enum.auto()
    """Generated kernel that holds its rows on chip."""


FREE = frozenset({Kind.VIEW, Kind.ALLOCATION, Kind.HOST})
"""Kinds that launch nothing."""

PRODUCTS = frozenset(
    {
        Kind.PRODUCT,
        Kind.BATCHED_PRODUCT,
        Kind.BIASED_PRODUCT,
        Kind.BIASED_BATCHED_PRODUCT,
        Kind.BIASED_SUM_OF_PRODUCTS,
        Kind.GROUPED_PRODUCT,
        Kind.LINEAR,
    }
)
"""Kinds that multiply matrices."""

CONVOLUTIONS = frozenset({Kind.CONVOLUTION, Kind.TRANSPOSED_CONVOLUTION})
"""Kinds that convolve."""

ATTENTIONS = frozenset(
    {
        Kind.ATTENTION,
        Kind.SEPARATE_ATTENTION,
        Kind.FLASH_ATTENTION,
        Kind.EFFICIENT_ATTENTION,
        Kind.CUDNN_ATTENTION,
        Kind.PAGED_ATTENTION,
        Kind.PACKED_ATTENTION,
    }
)
"""Kinds of attention as one operator."""

ATTENTION_GRADIENTS = frozenset(
    {
        Kind.ATTENTION_BACKWARD,
        Kind.FLASH_ATTENTION_BACKWARD,
        Kind.EFFICIENT_ATTENTION_BACKWARD,
        Kind.CUDNN_ATTENTION_BACKWARD,
    }
)
"""Kinds of the backward pass of attention as one operator."""

COLLECTIVES = frozenset(
    {
        Kind.ALL_REDUCE,
        Kind.ALL_GATHER,
        Kind.REDUCE_SCATTER,
        Kind.ALL_TO_ALL,
        Kind.BROADCAST,
        Kind.POINT_TO_POINT,
    }
)
"""Kinds that move a tensor between ranks."""

GENERATED = frozenset({Kind.GENERATED_POINTWISE, Kind.GENERATED_REDUCTION, Kind.GENERATED_PERSISTENT_REDUCTION})
"""Kinds of kernels that a compiler generated."""
