"""Compiled execution: chains of memory-bound operators become one kernel, as TorchInductor makes them.

A chain grows with every memory-bound operator that reads what the chain wrote, or that follows it and walks as many
elements. Products, convolutions, attention and gathers are kernels of their own and end the chains that they read. A
concatenation is part of one: what is computed for it is written into its slice at once, or read from where it is
(``torch/_inductor/ir.py``, ConcatKernel; ``torch/_inductor/lowering.py``, pointwise_cat). Intermediate tensors that
nothing outside the chain reads are never stored. An engine that fuses computes a chain in the epilogue of the product
or the convolution that it follows, where that can be (:mod:`simulator.lowering.fusion.epilogues`). Inductor also
fuses chains side by side and folds prologues into templates; neither is modelled, so that compiled times are from
above.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from simulator.execution import Execution
from simulator.kernels import AccessPattern, Kernel, RowKind, RowWise, Stream, StreamKind
from simulator.lowering.rules import kernels_of
from simulator.work import FormulaError, UnsupportedOpError, declared
from tracer.graph import IndexArray, Op, Stage
from tracer.operators import (
    ATTENTION_GRADIENTS,
    ATTENTIONS,
    COLLECTIVES,
    CONVOLUTIONS,
    FREE,
    GENERATED,
    PRODUCTS,
    Kind,
    kind_of,
)

from .epilogues import EPILOGUE_ENDS, Epilogues, narrow_sums, suits_epilogue, with_epilogue

__all__ = ["FUSIBLE", "as_generated", "fuse"]

# Kinds that are part of a chain, and those that are kernels of their own. What a compiler generated is one already.
_CHAINED = (
    *(Kind.ELEMENTWISE, Kind.COMPARISON, Kind.REDUCTION, Kind.SOFTMAX, Kind.ROTARY, Kind.ROW_QUANTIZATION),
    *(Kind.LAYER_NORM, Kind.RMS_NORM, Kind.RESIDUAL_RMS_NORM, Kind.GROUP_NORM, Kind.SPREAD_GROUP_NORM, Kind.BATCH_NORM),
    *(Kind.COPY, Kind.IN_PLACE_COPY, Kind.CONCATENATION, Kind.PADDING, Kind.FILL, Kind.RESAMPLE, Kind.POOLING),
)
_ALONE = (
    *(*PRODUCTS, *CONVOLUTIONS, *ATTENTIONS, *ATTENTION_GRADIENTS, *COLLECTIVES, *GENERATED, *FREE),
    *(Kind.SCAN, Kind.SORT, Kind.GATHER, Kind.SCATTER, Kind.SCATTER_TO_ZEROS, Kind.PAGED_WRITE),
    *(Kind.LAYER_NORM_BACKWARD, Kind.CHANNEL_NORM_BACKWARD, Kind.BATCH_NORM_BACKWARD, Kind.CONVOLUTION_BACKWARD),
    *(Kind.WINDOW_BACKWARD, Kind.LOSS, Kind.FOREACH, Kind.FUSED_EXPERTS),
)
FUSIBLE: Mapping[Kind, bool] = {**dict.fromkeys(_CHAINED, True), **dict.fromkeys(_ALONE, False)}
"""Whether a generated kernel computes operators of a kind together with their neighbours."""

_Fusible = Stream | RowWise


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
    kernels: list[_Fusible] = field(default_factory=list)
    written: set[int] = field(default_factory=set)
    elements: float = 0.0

    def feeds(self, call: _Call) -> bool:
        """Whether a call reads what the chain wrote."""
        return any(storage in self.written for storage in call.reads)

    def walks_as_many(self, kernel: _Fusible) -> bool:
        """Whether a kernel walks as many elements as the chain."""
        return abs(kernel.walked - self.elements) < 1

    def add(self, call: _Call, kernels: Sequence[_Fusible]) -> None:
        """Append a call and its kernels."""
        self.calls.append(call)
        self.kernels.extend(kernels)
        self.written.update(call.writes)
        self.elements = max(self.elements, *(k.walked for k in kernels))


def fuse(
    stage: Stage, ops: Sequence[Op], execution: Execution, storage_bytes: IndexArray
) -> tuple[list[tuple[int, Kernel]], Counter[str]]:
    """(call, kernel) pairs of one run of a stage when compiled, and the operators that have no rule.

    Parameters
    ----------
    stage : Stage
    ops : sequence of Op
        Operator of each call.
    execution : Execution
    storage_bytes : ndarray of int, shape (num_storages,)
        Size of each storage of the graph. [B]
    """
    calls = _calls(stage, ops)
    epilogues = Epilogues(_readers(calls)) if execution.fuses_epilogues else None
    chains = _OpenChains(_last_reads(calls), storage_bytes.tolist(), epilogues)
    missing: Counter[str] = Counter()
    # Calls of one operator share it, and so their kernels.
    by_op = {id(op): op for op in ops}
    kernels_by_op = {key: _kernels_alone(op, execution, narrow=epilogues is not None) for key, op in by_op.items()}
    for call in calls:
        kernels = kernels_by_op[id(call.op)]
        if kernels is None:
            missing[call.op.name] += 1
        if not kernels:
            continue
        chained = [kernel for kernel in kernels if isinstance(kernel, Stream | RowWise)]
        if FUSIBLE[declared(call.op).kind] and len(chained) == len(kernels):
            if _reduces_all(call.op):
                chains.launch(call, as_generated(kernels))
                continue
            chains.add(call, [kernel for kernel in chained if not _converts(kernel)])
            chains.follow(call, [kernel for kernel in chained if _converts(kernel)])
        else:
            chains.launch(call, kernels)
    return chains.finish(), missing


def _kernels_alone(op: Op, execution: Execution, *, narrow: bool) -> Sequence[Kernel] | None:
    """Kernels of an operator before any fusion; None where it has no rule, or lacks what its rule needs."""
    try:
        kernels = kernels_of(op, execution)
    except (UnsupportedOpError, FormulaError):
        return None
    return [narrow_sums(kernel) for kernel in kernels] if narrow else kernels


def as_generated(kernels: Iterable[Kernel]) -> tuple[Kernel, ...]:
    """Kernels of one operator by itself, the memory-bound ones as a compiler writes them."""
    return tuple(replace(k, generated=True) if isinstance(k, Stream | RowWise) else k for k in kernels)


class _OpenChains:
    """Chains that may still grow, and the launches of those that may not.

    A kernel of its own ends the chains whose results it reads. Others stay open: what Inductor computes for a later
    reader, it computes there. A call joins the chain that it reads from, else the last one if it walks as many
    elements.
    """

    def __init__(self, last_read: Mapping[int, int], limits: Sequence[int], epilogues: Epilogues | None = None) -> None:
        self._last_read = last_read
        self._limits = limits
        self._epilogues = epilogues
        self._open: list[_Chain] = []
        self._launches: list[tuple[int, Kernel]] = []

    def launch(self, call: _Call, kernels: Iterable[Kernel]) -> None:
        """Kernels of their own."""
        self._close([chain for chain in self._open if chain.feeds(call)])
        self._launches.extend((call.index, kernel) for kernel in kernels)
        if self._epilogues is not None:
            self._note(call, self._epilogues)

    def _note(self, call: _Call, epilogues: Epilogues) -> None:
        """Remember what a call has written, and that a chain may be computed by its last kernel."""
        epilogues.written(call.writes, call.index)
        if self._launches and len(call.writes) == 1 and isinstance(self._launches[-1][1], EPILOGUE_ENDS):
            epilogues.ends(next(iter(call.writes)), len(self._launches) - 1, float(call.op.outputs[0].numel))

    def follow(self, call: _Call, kernels: Iterable[Kernel]) -> None:
        """Kernels of their own that read what a call has written, and end no chain."""
        self._launches.extend((call.index, kernel) for kernel in kernels)

    def add(self, call: _Call, kernels: Sequence[_Fusible]) -> None:
        """Kernels that a chain may hold."""
        if kernels[0].kind is RowKind.MOMENTS:
            # Statistics need all of a group before anything can be applied: the chain is cut between the two.
            self.launch(call, as_generated(kernels[:1]))
            self._open.append(_Chain())
            kernels = kernels[1:]
        else:
            feeding = [chain for chain in self._open if chain.feeds(call)]
            self._close(feeding[:-1])
            if feeding:
                chain = self._taken_out(feeding[-1])
                self._open.append(chain)
            elif not (self._open and self._open[-1].walks_as_many(kernels[-1])):
                self._open.append(_Chain())
        self._open[-1].add(call, kernels)

    def finish(self) -> list[tuple[int, Kernel]]:
        """All launches, in the order of their calls."""
        self._close(list(self._open))
        return sorted(self._launches, key=lambda launch: launch[0])

    def _close(self, chains: Iterable[_Chain]) -> None:
        for chain in chains:
            taken = self._taken_out(chain)
            if not self._folded(taken):
                self._launches.extend(_close(taken, self._last_read, self._limits))
            if self._epilogues is not None:
                for call in taken.calls:
                    self._epilogues.written(call.writes, call.index)

    def _folded(self, chain: _Chain) -> bool:
        """Whether a chain became the epilogue of the contraction that it follows."""
        if self._epilogues is None or not chain.kernels or not suits_epilogue(chain.kernels):
            return False
        reads = {s: b for call in chain.calls for s, b in call.reads.items() if s not in chain.written}
        found = self._epilogues.end_of(reads, [call.index for call in chain.calls], chain.elements)
        if found is None:
            return False
        at, storage = found
        call, kernel = self._launches[at]
        others = sum(size for other, size in reads.items() if other != storage)
        written = _external_writes(chain.calls, self._last_read, self._limits)
        if isinstance(kernel, EPILOGUE_ENDS):
            self._launches[at] = (call, with_epilogue(kernel, read=others, written=written))
        return True

    def _taken_out(self, chain: _Chain) -> _Chain:
        self._open = [other for other in self._open if other is not chain]
        return chain


def _calls(stage: Stage, ops: Sequence[Op]) -> list[_Call]:
    calls = []
    position_in = position_out = 0
    inputs, outputs = stage.inputs.tolist(), stage.outputs.tolist()
    read_at_all = set(inputs)
    sizes = {key: _Sizes.of(op) for key, op in {id(op): op for op in ops}.items()}
    for index, op in enumerate(ops):
        size = sizes[id(op)]
        end_in, end_out = position_in + len(op.inputs), position_out + len(op.outputs)
        reads = zip(inputs[position_in:end_in][size.used], size.read, strict=True)
        writes = zip(outputs[position_out:end_out], size.written, strict=True)
        calls.append(
            _Call(
                index=index,
                op=op,
                reads=_by_storage(reads),
                # Statistics and indices that nothing uses are not computed.
                writes=_by_storage(w for i, w in enumerate(writes) if i == 0 or w[0] in read_at_all),
            )
        )
        position_in, position_out = end_in, end_out
    return calls


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sizes:
    """Sizes of the operands of an operator, which all its calls share.

    Attributes
    ----------
    used : slice
        Inputs whose values it uses.
    read, written : tuple of float
        Size of each of those, and of each output. [B]
    """

    used: slice
    read: tuple[float, ...]
    written: tuple[float, ...]

    @staticmethod
    def of(op: Op) -> _Sizes:
        used = _operands_read(op)
        return _Sizes(
            used=used,
            read=tuple(float(tensor.nbytes) for tensor in op.inputs[used]),
            written=tuple(float(tensor.nbytes) for tensor in op.outputs),
        )


def _operands_read(op: Op) -> slice:
    """Inputs whose values an operator uses; the others give a shape, or are overwritten."""
    kind = kind_of(op.name)
    if kind is Kind.FILL:
        return slice(0, 0)
    return slice(1, None) if kind is Kind.IN_PLACE_COPY and len(op.inputs) > 1 else slice(None)


def _by_storage(sizes: Iterable[tuple[int, float]]) -> dict[int, float]:
    result: dict[int, float] = {}
    for storage, size in sizes:
        result[storage] = result.get(storage, 0.0) + size
    return result


def _last_reads(calls: Iterable[_Call]) -> dict[int, int]:
    last: dict[int, int] = {}
    for call in calls:
        for storage in call.reads:
            last[storage] = call.index
    return last


def _reduces_all(op: Op) -> bool:
    """Whether all blocks must have ended before one number is known (torch/_inductor/ir.py, Reduction.num_splits)."""
    return declared(op).kind is Kind.REDUCTION and op.outputs[0].numel == 1 and op.inputs[0].numel > 1


def _readers(calls: Iterable[_Call]) -> dict[int, list[int]]:
    readers: dict[int, list[int]] = {}
    for call in calls:
        for storage in call.reads:
            readers.setdefault(storage, []).append(call.index)
    return readers


def _converts(kernel: _Fusible) -> bool:
    """Whether a kernel brings an image to another layout for a kernel that no chain holds."""
    return isinstance(kernel, Stream) and kernel.conversion


def _reduces(kernel: _Fusible) -> bool:
    """Whether a kernel's loop goes row by row."""
    return isinstance(kernel, RowWise) or kernel.kind == StreamKind.REDUCTION


def _close(chain: _Chain, last_read: Mapping[int, int], limits: Sequence[int]) -> list[tuple[int, Kernel]]:
    """The chain as one kernel; one of a single kernel walks as that does, in generated code."""
    if not chain.calls:
        return []
    anchor = next((c for c, k in zip(chain.calls, chain.kernels, strict=True) if _reduces(k)), chain.calls[0])
    if len(chain.kernels) == 1:
        return [(anchor.index, kernel) for kernel in as_generated(chain.kernels)]
    read = _external_reads(chain.calls, limits)
    written = _external_writes(chain.calls, last_read, limits)
    return [(anchor.index, _fused_kernel(chain.kernels, read=read, written=written))]


def _external_reads(calls: Sequence[_Call], limits: Sequence[int]) -> float:
    """Bytes that a chain reads of what it has not written itself.

    A graph does not say which part of its storage a view is. Parts are taken to be different (the halves of a gated
    unit) until they add up to the storage.
    """
    read: dict[int, list[float]] = {}
    written: set[int] = set()
    for call in calls:
        for storage, size in call.reads.items():
            if storage not in written:
                read.setdefault(storage, []).append(size)
        written.update(call.writes)
    return _within_storages(read, limits)


def _external_writes(calls: Sequence[_Call], last_read: Mapping[int, int], limits: Sequence[int]) -> float:
    """Bytes that a chain writes and a later call reads, or nothing at all: those are results of the stage."""
    end = calls[-1].index
    written: dict[int, list[float]] = {}
    last_write: dict[int, int] = {}
    for call in calls:
        for storage, size in call.writes.items():
            written.setdefault(storage, []).append(size)
            last_write[storage] = call.index
    stored = {
        storage: sizes
        for storage, sizes in written.items()
        # A call in place reads before it writes, so a read by the last writer does not use up what it writes.
        if not last_write[storage] < last_read.get(storage, -1) <= end
    }
    return _within_storages(stored, limits)


def _within_storages(sizes: Mapping[int, Sequence[float]], limits: Sequence[int]) -> float:
    return sum(min(sum(parts), max(limits[storage], *parts)) for storage, parts in sizes.items())


def _fused_kernel(kernels: Sequence[_Fusible], *, read: float, written: float) -> Kernel:
    row_wise = next((k for k in kernels if _reduces(k)), None)
    shape = row_wise or max((k for k in kernels if isinstance(k, Stream)), key=lambda k: k.elements)
    fused = replace(
        shape,
        generated=True,
        name="fused_" + (shape.name if row_wise else "pointwise"),
        vector_flops=sum(k.vector_flops for k in kernels),
        special_ops=sum(k.special_ops for k in kernels),
        bytes_read=read,
        bytes_written=written,
        resident_bytes=read,
    )
    return replace(fused, pattern=_worst_pattern(kernels)) if isinstance(fused, Stream) else fused


def _worst_pattern(kernels: Sequence[_Fusible]) -> AccessPattern:
    return max(k.pattern for k in kernels if isinstance(k, Stream))
