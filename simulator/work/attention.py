"""Scaled dot-product attention as one operator: two products, and a softmax between them."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from tracer.graph import Op
from tracer.operators import ATTENTIONS, Kind

from .op_work import OpWork, compulsory_bytes, declared, work_formula

__all__ = ["AttentionShape", "attention", "attention_shape"]


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
    return OpWork(
        contraction_flops=2.0 * shape.scores * (shape.head_dim + shape.value_dim),
        vector_flops=4.0 * shape.scores,
        special_ops=shape.scores,
        bytes_read=read,
        bytes_written=written if len(op.outputs) == 1 else float(op.outputs[0].nbytes),
    )


def attention_shape(op: Op) -> AttentionShape:
    """Extents of an attention call from its tensors."""
    query, key, value = (t.shape for t in op.inputs[:3])
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
        ends_last=declared(op).kind is Kind.PAGED_ATTENTION,
    )
