"""Scaled dot-product attention as one operator: two products, and a softmax between them."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from tracer.graph import Op, TensorSpec
from tracer.operators import ATTENTION_GRADIENTS, ATTENTIONS, Kind

from .op_work import OpWork, UnknownKeysError, compulsory_bytes, declared, work_formula

__all__ = ["AttentionShape", "attention", "attention_backward", "attention_shape"]

#: Types of tensors that say where packed sequences begin, or which pages they have.
_WHOLE_NUMBERS = ("int32", "int64")

#: Axes of queries that are not packed.
_BATCHED = 4

#: Arguments that say how long the longest sequence of keys is.
_LONGEST = ("max_seqlen_k", "max_k", "max_seq_len", "max_s")


#: Most sequences that a serving engine decodes at once, one new token each: vLLM's largest captured batch
#: (vllm/config/compilation.py, max_cudagraph_capture_size). More new tokens are those of prompts.
_MOST_DECODED = 512


class AttentionShape(NamedTuple):
    """Extents of an attention call; `key_heads` is smaller than `heads` with grouped queries."""

    batch: int
    heads: int
    key_heads: int
    query_length: int
    key_length: int
    head_dim: int
    value_dim: int
    causal: bool
    ends_last: bool = False

    @property
    def scores(self) -> float:
        """Query-key pairs that are computed; half of them, and half the diagonal, with a causal mask.

        A causal mask is aligned to the upper left corner, as torch's ``is_causal`` is: query i sees keys 0..i. Where it
        `ends_last`, it is aligned to the lower right one, as that of FlashAttention is: the last query sees all keys.
        """
        q, k = self.query_length, self.key_length
        pairs = float(q * k)
        if self.causal and self.ends_last:
            pairs -= q * (q - 1) / 2
        elif self.causal:
            seen = min(q, k)
            pairs = seen * (seen + 1) / 2 + max(q - k, 0) * k
        return self.batch * self.heads * pairs


@work_formula(*ATTENTIONS)
def attention(op: Op) -> OpWork:
    r"""Work of attention with each score computed once and none of them stored.

    .. math:: 2 b h \, p \, (d_k + d_v)

    FLOPs in the two products, with :math:`p` query-key pairs a head; on vector units the scale, the running
    maximum, the subtraction and the sum (4 an element), and one exponential an element.
    """
    shape = attention_shape(op)
    read, written = compulsory_bytes(op)
    if declared(op).kind is Kind.PACKED_ATTENTION:
        read = _packed_bytes(op, shape)
    return OpWork(
        contraction_flops=2.0 * shape.scores * (shape.head_dim + shape.value_dim),
        vector_flops=4.0 * shape.scores,
        special_ops=shape.scores,
        bytes_read=read,
        bytes_written=written if len(op.outputs) == 1 else float(op.outputs[0].nbytes),
    )


@work_formula(*ATTENTION_GRADIENTS)
def attention_backward(op: Op) -> OpWork:
    r"""Gradients of query, key and value with the scores computed again, 2.5 times the FLOPs of the forward pass.

    .. math:: 2 b h \, p \, (3 d_k + 2 d_v)

    The scores, the gradient of the probabilities, and those of value, key and query are a product each (Dao,
    "FlashAttention-2", 2023, algorithm 2). On vector units a score takes the scale and the subtraction, and its
    gradient a subtraction and a product with the probability (4 an element), and one exponential.
    """
    shape = attention_shape(op)
    return OpWork(
        contraction_flops=2.0 * shape.scores * (3 * shape.head_dim + 2 * shape.value_dim),
        vector_flops=4.0 * shape.scores,
        special_ops=shape.scores,
        bytes_read=float(sum(t.nbytes for t in op.inputs[:4]) + op.inputs[0].nbytes),
        bytes_written=float(sum(t.nbytes for t in op.inputs[1:4])),
    )


def attention_shape(op: Op) -> AttentionShape:
    """Extents of an attention call from its tensors, or of that whose gradients a call makes."""
    kind = declared(op).kind
    if kind is Kind.PACKED_ATTENTION:
        return _packed_shape(op)
    first = 1 if kind in ATTENTION_GRADIENTS else 0
    query, key, value = (t.shape for t in op.inputs[first : first + 3])
    if declared(op).heads_axis == -2:
        query, key, value = ((*s[:-3], s[-2], s[-3], s[-1]) for s in (query, key, value))
    heads, key_heads = (query[-3], key[-3]) if len(query) > 3 else (1, 1)
    return AttentionShape(
        batch=prod(query[:-3]) if len(query) > 3 else prod(query[:-2]),
        heads=heads,
        key_heads=key_heads,
        query_length=query[-2],
        key_length=key[-2],
        head_dim=query[-1],
        value_dim=value[-1],
        causal=bool(op.attribute("is_causal", False)),
        ends_last=kind is Kind.PAGED_ATTENTION,
    )


def _packed_bytes(op: Op, shape: AttentionShape) -> float:
    """Queries, and keys and values of the sequences alone, of the whole pool that is handed over. [B]"""
    keys = shape.batch * shape.key_heads * shape.key_length * (shape.head_dim + shape.value_dim)
    return float(op.inputs[0].nbytes + keys * op.inputs[1].itemsize)


def _packed_shape(op: Op) -> AttentionShape:
    """Sequences of the mean length, (tokens, heads, dim) one after another, with keys beside them or in pages.

    A tensor of whole numbers along one axis says where the sequences begin, one more than there are, and one along two
    axes which pages each has. Without either, all tokens are one sequence. Keys in pages are as long as the longest
    sequence is said to be, or as a sliding window lets the queries see.

    Raises
    ------
    UnknownKeysError
        Keys are in pages, or in a cache that is no argument at all, and nothing says how many; of many new tokens
        without a cache among the arguments those of a prompt are assumed, which attend to themselves.
    """
    query, key, value = (t.shape for t in op.inputs[:3])
    whole = [t for t in op.inputs[3:] if t.dtype in _WHOLE_NUMBERS]
    pages = next((t for t in whole if len(t.shape) == 2), None)
    sequences = _sequences(query, pages, whole)
    tokens = prod(query[:-2]) / sequences
    longest = next((n for name in _LONGEST if isinstance(n := op.attribute(name), int) and n > 0), tokens)
    beside = pages is None and len(key) == len(query)
    told = longest is not tokens or (beside and (bool(whole) or len(query) == _BATCHED))
    if not told and not (beside and prod(query[:-2]) > _MOST_DECODED):
        raise UnknownKeysError("how many keys lie in the cache is not recorded")
    window = op.attribute("window_size_left")
    if not beside and isinstance(window, int) and window >= 0:
        longest = min(longest, window + tokens)
    heads = op.attribute("num_kv_heads", key[-2])
    return AttentionShape(
        batch=sequences,
        heads=query[-2],
        key_heads=heads if isinstance(heads, int) else key[-2],
        query_length=max(round(tokens), 1),
        key_length=max(round(prod(key[:-2]) / sequences if beside else longest), 1),
        head_dim=query[-1],
        value_dim=value[-1] if beside else query[-1],
        causal=op.attribute("is_causal", True) is not False,
        ends_last=True,
    )


def _sequences(query: tuple[int, ...], pages: TensorSpec | None, whole: list[TensorSpec]) -> int:
    """Sequences of a call: images of a batch, rows of the table of pages, or one less than there are starts."""
    if len(query) == _BATCHED:
        return query[0]
    if pages is not None:
        return max(pages.shape[0], 1)
    starts = next((t.numel for t in whole if len(t.shape) == 1 and t.numel > 1), 2)
    return starts - 1
