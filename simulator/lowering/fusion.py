"""Compiled execution: chains of memory-bound operators become one kernel, as TorchInductor makes them.

A chain grows while the next memory-bound operator reads what the chain wrote, or walks as many elements. Products,
convolutions, attention, gathers and concatenations are kernels of their own and end a chain. Intermediate tensors
that nothing outside the chain reads are never stored. Inductor also fuses chains side by side and folds prologues
into templates; neither is modelled, so that compiled times are from above.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from simulator.execution import Execution
from simulator.kernels import Implementation, Kernel, KernelFamily
from simulator.work import UnsupportedOpError
from tracer.graph import Op, Stage

from .rules import kernels_of

__all__ = ["fuse"]

_FUSIBLE = frozenset(
    {
        KernelFamily.ELEMENTWISE,
        KernelFamily.REDUCTION,
        KernelFamily.NORMALIZATION,
        KernelFamily.SOFTMAX,
        KernelFamily.COPY,
    }
)
_ROW_WISE = frozenset({KernelFamily.NORMALIZATION, KernelFamily.SOFTMAX, KernelFamily.REDUCTION})
_OWN_KERNEL = frozenset({"aten::cat", "aten::stack", "aten::sort", "aten::topk", "aten::cumsum"})


@dataclass(slots=True)
class _Call:
    """One operator call with its storages."""

    index: int
    op: Op
    reads: dict[int, float]
    writes: dict[int, float]


@dataclass(slots=True)
class _Chain:
    """Memory-bound calls that will be one kernel."""

    calls: list[_Call] = field(default_factory=list)
    kernels: list[Kernel] = field(default_factory=list)
    written: set[int] = field(default_factory=set)
    elements: float = 0.0

    def accepts(self, call: _Call, kernel: Kernel) -> bool:
        """Whether a call may join: it reads the chain's result, or walks as many elements."""
        if not self.calls:
            return True
        elements = kernel.m * kernel.n
        touches = any(s in self.written for s in call.reads)
        # A chain's loop has one size; a reduced or broadcast operand fits into it.
        fits = elements <= self.elements * 1.001 or touches
        return fits and (touches or abs(elements - self.elements) < 1)

    def add(self, call: _Call, kernels: Sequence[Kernel]) -> None:
        """Append a call and its kernels."""
        self.calls.append(call)
        self.kernels.extend(kernels)
        self.written.update(call.writes)
        self.elements = max(self.elements, *(k.m * k.n for k in kernels))


def fuse(stage: Stage, ops: Sequence[Op], execution: Execution) -> tuple[list[tuple[int, Kernel]], Counter[str]]:
    """(call, kernel) pairs of one run of a stage when compiled, and the operators that have no rule."""
    calls = _calls(stage, ops)
    last_read = _last_reads(calls)
    launches: list[tuple[int, Kernel]] = []
    missing: Counter[str] = Counter()
    chain = _Chain()
    for call in calls:
        try:
            kernels = kernels_of(call.op, execution)
        except UnsupportedOpError:
            missing[call.op.name] += 1
            continue
        if not kernels:
            continue
        if not _is_fusible(call.op, kernels):
            launches.extend(_close(chain, last_read))
            chain = _Chain()
            launches.extend((call.index, kernel) for kernel in kernels)
            continue
        if not chain.accepts(call, kernels[-1]):
            launches.extend(_close(chain, last_read))
            chain = _Chain()
        if kernels[0].implementation == Implementation.GROUP_NORM_STATISTICS:
            # Statistics need all of a group before anything can be applied: the chain is cut between the two.
            launches.extend(_close(chain, last_read))
            launches.append((call.index, kernels[0]))
            chain, kernels = _Chain(), kernels[1:]
        chain.add(call, kernels)
    launches.extend(_close(chain, last_read))
    return launches, missing


def _calls(stage: Stage, ops: Sequence[Op]) -> list[_Call]:
    calls = []
    position_in = position_out = 0
    inputs, outputs = stage.inputs.tolist(), stage.outputs.tolist()
    for index, op in enumerate(ops):
        end_in, end_out = position_in + len(op.inputs), position_out + len(op.outputs)
        calls.append(
            _Call(
                index,
                op,
                _bytes_by_storage(inputs[position_in:end_in], (t.nbytes for t in op.inputs)),
                _bytes_by_storage(outputs[position_out:end_out], (t.nbytes for t in op.outputs)),
            )
        )
        position_in, position_out = end_in, end_out
    return calls


def _bytes_by_storage(storages: Iterable[int], sizes: Iterable[int]) -> dict[int, float]:
    result: dict[int, float] = {}
    for storage, size in zip(storages, sizes, strict=True):
        result[storage] = max(result.get(storage, 0.0), float(size))
    return result


def _last_reads(calls: Iterable[_Call]) -> dict[int, int]:
    last: dict[int, int] = {}
    for call in calls:
        for storage in call.reads:
            last[storage] = call.index
    return last


def _is_fusible(op: Op, kernels: Sequence[Kernel]) -> bool:
    return op.name not in _OWN_KERNEL and all(k.family in _FUSIBLE for k in kernels)


def _close(chain: _Chain, last_read: dict[int, int]) -> list[tuple[int, Kernel]]:
    """The chain as one kernel; a chain of one kernel stays what it is."""
    if not chain.calls:
        return []
    anchor = next(
        (c for c, k in zip(chain.calls, chain.kernels, strict=False) if k.family in _ROW_WISE), chain.calls[0]
    )
    if len(chain.kernels) == 1:
        return [(anchor.index, chain.kernels[0])]
    end = chain.calls[-1].index
    read = _external_reads(chain.calls)
    written = sum(
        size
        for call in chain.calls
        for storage, size in call.writes.items()
        # What nothing reads later is a result of the stage.
        if last_read.get(storage, end + 1) > end
    )
    return [(anchor.index, _fused_kernel(chain.kernels, read=read, written=written))]


def _external_reads(calls: Sequence[_Call]) -> float:
    read: dict[int, float] = {}
    written: set[int] = set()
    for call in calls:
        for storage, size in call.reads.items():
            if storage not in written:
                read[storage] = max(read.get(storage, 0.0), size)
        written.update(call.writes)
    return sum(read.values())


def _fused_kernel(kernels: Sequence[Kernel], *, read: float, written: float) -> Kernel:
    row_wise = next((k for k in kernels if k.family in _ROW_WISE), None)
    shape = row_wise or max(kernels, key=lambda k: k.m)
    return replace(
        shape,
        name="fused_" + (shape.name if row_wise else "pointwise"),
        implementation=Implementation.FUSED_CHAIN,
        vector_flops=sum(k.vector_flops for k in kernels),
        special_ops=sum(k.special_ops for k in kernels),
        bytes_read=read,
        bytes_written=written,
        resident_bytes=read,
        pattern=max(k.pattern for k in kernels),
    )
