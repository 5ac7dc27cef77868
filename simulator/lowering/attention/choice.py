"""Which fused attention kernel runs a call: the one that an execution names, or the first that the framework takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from hw_specs import Accelerator, Architecture, SpecError, load_architecture, number_format
from simulator.execution import FRAMEWORKS_CHOICE, FUSED, Execution, ExecutionError, TriedKernel
from simulator.kernels import AttentionAlgorithm
from simulator.software import SoftwareError
from simulator.work import declared
from simulator.work.attention import AttentionShape, attention_shape
from tracer.graph import Op
from tracer.operators import Kind

__all__ = ["ALGORITHMS", "algorithm_of", "obstacle_to", "with_kernels_of"]

#: Kernels by the names that traits give them.
ALGORITHMS: Mapping[str, AttentionAlgorithm] = {
    "flash2": AttentionAlgorithm.FLASH2,
    "flash2_paged": AttentionAlgorithm.FLASH2_PAGED,
    "flash3": AttentionAlgorithm.FLASH3,
    "flash4": AttentionAlgorithm.FLASH4,
    "cudnn_attention": AttentionAlgorithm.CUDNN,
    "trtllm": AttentionAlgorithm.TRTLLM,
    "ck": AttentionAlgorithm.CK,
    "aiter": AttentionAlgorithm.AITER,
    "efficient": AttentionAlgorithm.EFFICIENT,
}

# Kinds that name the fused kernel which really ran (in a trace).
_RAN = {
    Kind.FLASH_ATTENTION: AttentionAlgorithm.FLASH2,
    Kind.EFFICIENT_ATTENTION: AttentionAlgorithm.EFFICIENT,
    Kind.CUDNN_ATTENTION: AttentionAlgorithm.CUDNN,
    Kind.FLASH_ATTENTION_BACKWARD: AttentionAlgorithm.FLASH2,
    Kind.EFFICIENT_ATTENTION_BACKWARD: AttentionAlgorithm.EFFICIENT,
    Kind.CUDNN_ATTENTION_BACKWARD: AttentionAlgorithm.CUDNN,
}

#: Kernels that read a paged cache, the one that an engine prefers first: FlashAttention-3 where there is one (Hopper),
#: TensorRT-LLM's on Blackwell by way of FlashInfer, else that of FlashAttention-2
#: (vllm/v1/attention/backends/fa_utils.py, get_flash_attn_version; vllm/platforms/cuda.py, get_attn_backend_cls).
_PAGED = (
    AttentionAlgorithm.FLASH3,
    AttentionAlgorithm.TRTLLM,
    AttentionAlgorithm.FLASH2_PAGED,
    AttentionAlgorithm.FLASH2,
)

#: Those that multiply queries and keys of one format alone ("query and key must have the same dtype",
#: hopper/flash_api.cpp of FlashAttention). Keys in 8 bits are then read by kernels of the form of FlashAttention-2 that
#: convert them in registers (FlashInfer, attention/prefill.cuh, DTypeKV; the decoder kernels of TensorRT-LLM).
_ONE_FORMAT = (AttentionAlgorithm.FLASH3,)

#: Kernels of the FlashAttention library. Its scores take no mask but a causal one.
_FLASH = (
    AttentionAlgorithm.FLASH2,
    AttentionAlgorithm.FLASH2_PAGED,
    AttentionAlgorithm.FLASH3,
    AttentionAlgorithm.FLASH4,
    AttentionAlgorithm.CK,
    AttentionAlgorithm.AITER,
)
#: Widest head of a kernel, where it has one (hdim of FlashAttention-2 and -3).
_WIDEST_HEAD = {
    AttentionAlgorithm.FLASH2: 256,
    AttentionAlgorithm.FLASH3: 256,
    AttentionAlgorithm.CK: 256,
    AttentionAlgorithm.AITER: 256,
}


def with_kernels_of(accelerator: Accelerator, execution: Execution) -> Execution:
    """Execution that knows which fused attention kernels an accelerator has, and in which order they are tried there.

    Raises
    ------
    ExecutionError
        It names a kernel that the accelerator's architecture lacks.
    SoftwareError
        Its software does not run on the accelerator.
    """
    traits, software = accelerator.traits, execution.software
    targets = _targets(traits)
    if software.targets and not set(software.targets) & set(targets):
        runs_on, here = ", ".join(software.targets), ", ".join(targets)
        raise SoftwareError(f"{software.name} runs on {runs_on}, and {accelerator.name} is {here}; valid: leave it out")
    kernels = tuple(ALGORITHMS[name] for name in traits.attention.kernels)
    named = execution.attention_algorithm
    if named is not None and named not in kernels:
        valid = [name for name, algorithm in FUSED.items() if algorithm in kernels]
        raise ExecutionError(
            f"attention {execution.attention!r} does not exist on {accelerator.name} ({traits.name}); "
            f"valid: {', '.join(('naive', FRAMEWORKS_CHOICE, *valid))}"
        )
    tried = (TriedKernel(FUSED[choice.kernel], choice.head) for choice in software.attention if choice.suits(targets))
    return replace(execution, kernels=kernels, tried=tuple(entry for entry in tried if entry.algorithm in kernels))


def algorithm_of(op: Op, execution: Execution) -> AttentionAlgorithm | None:
    """Fused kernel that runs a call, None where its products are separate.

    A kernel that an execution names runs the call or is refused. A call that says what ran it, as those of a trace do,
    runs as it did where the kernel exists. All others run what the framework picks.

    Raises
    ------
    ExecutionError
        The kernel that the execution names cannot run the call.
    """
    kind = declared(op).kind
    if kind is Kind.SEPARATE_ATTENTION:
        return None
    if kind in (Kind.PAGED_ATTENTION, Kind.PACKED_ATTENTION):
        return _of_pages(op, execution)
    ran = _ran(op, kind)
    if ran is not None and ran in execution.kernels:
        return ran
    if ran is None and execution.attention != FRAMEWORKS_CHOICE:
        return _named(op, execution)
    return next((entry.algorithm for entry in execution.tried if _may_take(op, entry)), None)


def _ran(op: Op, kind: Kind) -> AttentionAlgorithm | None:
    """Kernel that a call names: that of the library whose operator it is, else that of its kind."""
    known = _RAN.get(kind)
    return known if known is None else ALGORITHMS.get(op.name.partition("::")[0], known)


def obstacle_to(op: Op, algorithm: AttentionAlgorithm) -> str:
    """What of a call a kernel cannot do, whoever calls it; empty where it runs it, or where a trace says what ran."""
    return next(_obstacles(op, algorithm), "") if declared(op).kind is Kind.ATTENTION else ""


def _of_pages(op: Op, execution: Execution) -> AttentionAlgorithm | None:
    """Kernel that reads a paged cache; separate products read it too where they are asked for."""
    narrow = op.inputs[1].itemsize < op.inputs[0].itemsize
    if execution.attention == FRAMEWORKS_CHOICE:
        readers = (kernel for kernel in _PAGED if not (narrow and kernel in _ONE_FORMAT))
        return next((kernel for kernel in readers if kernel in execution.kernels), None)
    named = execution.attention_algorithm
    by_pages = named is AttentionAlgorithm.FLASH2 or (narrow and named in _ONE_FORMAT)
    return AttentionAlgorithm.FLASH2_PAGED if by_pages else named


def _named(op: Op, execution: Execution) -> AttentionAlgorithm | None:
    algorithm = execution.attention_algorithm
    reason = "" if algorithm is None else next(_obstacles(op, algorithm), "")
    if reason:
        others = ("naive", *(name for name, other in FUSED.items() if _takes(op, other, execution)))
        raise ExecutionError(
            f"attention {execution.attention!r} cannot run a call with {reason}; "
            f"valid for it: {', '.join(others)}, or {FRAMEWORKS_CHOICE} for the best of each call"
        )
    return algorithm


def _takes(op: Op, algorithm: AttentionAlgorithm, execution: Execution) -> bool:
    return algorithm in execution.kernels and next(_obstacles(op, algorithm), None) is None


def _obstacles(op: Op, algorithm: AttentionAlgorithm) -> Iterator[str]:
    """What of a call a kernel cannot do, whoever calls it."""
    shape = attention_shape(op)
    widest = _WIDEST_HEAD.get(algorithm)
    if algorithm in _FLASH and _has_mask(op):
        yield "a mask"
    if algorithm != AttentionAlgorithm.EFFICIENT and number_format(op.inputs[0].dtype) == "fp32":
        yield "operands in fp32"
    if widest is not None and max(shape.head_dim, shape.value_dim) > widest:
        yield f"heads of {max(shape.head_dim, shape.value_dim)} elements, more than {widest}"


def _may_take(op: Op, entry: TriedKernel) -> bool:
    """Whether the framework takes a kernel for a call (``aten/src/ATen/native/transformers/cuda/sdp_utils.cpp``).

    FlashAttention's causal mask is aligned to the last key and the framework's to the first, so that it wants as many
    queries as keys; the memory-efficient kernel has no grouped queries.
    """
    shape, algorithm = attention_shape(op), entry.algorithm
    if next(_obstacles(op, algorithm), None) is not None:
        return False
    if entry.head is not None and max(shape.head_dim, shape.value_dim) > entry.head:
        return False
    if algorithm == AttentionAlgorithm.EFFICIENT:
        return shape.heads == shape.key_heads
    return not _is_uneven(shape) if algorithm in _FLASH else shape.key_length > 1


def _has_mask(op: Op) -> bool:
    return declared(op).kind is Kind.ATTENTION and len(op.inputs) > 3


def _is_uneven(shape: AttentionShape) -> bool:
    return (shape.causal and shape.query_length != shape.key_length) or shape.head_dim != shape.value_dim


def _targets(traits: Architecture) -> tuple[str, ...]:
    """Compiler targets of an architecture, or of its nearest ancestor that states some."""
    if traits.isa:
        return traits.isa
    for name in traits.lineage:
        try:
            targets = load_architecture(name).isa
        except SpecError:  # a user's own, which lies beside the accelerator's file
            continue
        if targets:
            return targets
    return ()
