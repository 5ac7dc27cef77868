"""Arithmetic on lists of tensors, many of them in one kernel: what optimizers call.

The declared arguments say how many lists there are at most; numbers in their place make fewer.
"""

from __future__ import annotations

from functools import partial

from .declaration import declare
from .kinds import Kind

__all__ = ["OPERATORS"]

_lists = partial(declare, kind=Kind.FOREACH)

OPERATORS = (
    _lists("_foreach_add _foreach_sub _foreach_mul _foreach_maximum _foreach_minimum", "self other", flops=1),
    _lists("_foreach_div", "self other", flops=1, special_ops=1),
    _lists("_foreach_pow", "self exponent", flops=1),
    _lists("_foreach_lerp", "self tensors1 weight", flops=2),
    _lists("_foreach_addcmul _foreach_addcdiv", "self tensor1 tensor2 value", flops=3),
    _lists("_foreach_copy", "self src", flops=1),
    _lists("_foreach_neg _foreach_abs _foreach_zero _foreach_sign _foreach_norm _foreach_clamp_max", "self", flops=1),
    _lists("_foreach_sqrt _foreach_rsqrt _foreach_exp _foreach_log _foreach_reciprocal", "self", special_ops=1),
    _lists("_amp_foreach_non_finite_check_and_unscale", "self", flops=2),
    # Two running moments and a step along their ratio (aten/src/ATen/native/cuda/fused_adam_utils.cuh).
    _lists("_fused_adam _fused_adamw", "self grads exp_avgs exp_avg_sqs", flops=12, special_ops=2),
    _lists("_fused_sgd", "self grads momentum_buffer_list", flops=4),
    _lists("_fused_adagrad", "self grads state_sums", flops=5, special_ops=1),
)
