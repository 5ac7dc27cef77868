"""A graph of one of several devices: shorter extents, and what devices send one another between the calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from tracer.graph import Component, Op, OpGraph, Stage, StorageRole, TensorSpec
from tracer.messages import all_gather, all_reduce, exchange, packed
from tracer.operators import ATTENTIONS, PRODUCTS, Kind, is_free, kind_of

from .attention import attend, gather_keys
from .axes import Dim
from .division import Division
from .scheme import Scheme
from .splits import Split, split_of
from .survey import Call, length_axis
from .writer import GraphWriter, StageWriter

__all__ = ["partition"]

_STATISTICS = "float32"
#: Cache of serving engines, which sum over devices by kernels of their own (vLLM and SGLang, ``CustomAllreduce``;
#: TensorRT-LLM, ``customAllReduceKernels``).
_SERVED = "paged"


def partition(graph: OpGraph, scheme: Scheme) -> OpGraph:
    """What one device runs of a workload that several share.

    Replicas (``data``) each run the whole workload: they change no call. Components that a scheme does not divide run
    on every device.

    Raises
    ------
    SchemeError
        The workload cannot be split so; the message says what would do.
    """
    if replace(scheme, data=1).devices == 1:
        return graph
    writer = GraphWriter(graph)
    splits = {name: _Part(writer, split, scheme) for name, split in split_of(graph, scheme).items()}
    stages: list[Stage] = []
    for at, stage in enumerate(graph.stages):
        part = splits.get(stage.component)
        if part is None:
            stages.append(stage)
        elif not part.shared_out(stage, graph.stages[:at]):
            stages += part.stages(stage, first=not any(s.component in splits for s in graph.stages[:at]))
    weights = {name: part.weights_saved() for name, part in splits.items()}
    return writer.finish(stages, [_lighter(c, weights.get(c.name, 0)) for c in graph.components])


def _lighter(component: Component, saved: int) -> Component:
    return replace(component, parameter_bytes=component.parameter_bytes - saved)


class _Part:
    """One component's share of a device."""

    def __init__(self, writer: GraphWriter, split: Split, scheme: Scheme) -> None:
        self._writer = writer
        self._split = split
        self._scheme = scheme
        self._division = Division(split.survey, split.devices)
        self._tokens = split.survey.axes.root(split.tokens)
        # What other patches of a pipeline left is there without a message.
        one_step = {**split.devices, split.tokens: scheme.sequence} if scheme.pipefusion > 1 else split.devices
        self._one_step = Division(split.survey, one_step)

    def shared_out(self, stage: Stage, before: Sequence[Stage]) -> bool:
        """Whether another device runs a stage: the second pass of guidance, where the first is a stage of its own."""
        return self._split.passes > 1 and any(
            s.component == stage.component and s.repeats == stage.repeats and s.name in stage.name for s in before
        )

    def stages(self, stage: Stage, *, first: bool) -> list[Stage]:
        """What one device runs of a stage: the first steps of a pipeline of patches go through it whole.

        Its layers then work one behind the other (xDiT, ``_sync_pipeline``, one warm-up step), which takes as long as
        on one device. The pipeline fills once after that, for ``(p - 1) / p`` of a step, which is counted as one.
        """
        if self._scheme.pipefusion == 1:
            return [self._stage(stage)]
        split = replace(self._split, devices=self._one_step.devices)
        whole = _Part(self._writer, split, replace(self._scheme, pipefusion=1))._stage(stage)
        steps = self._writer.graph.workload.num_inference_steps or whole.repeats
        each = max(whole.repeats // steps, 1)
        warm = replace(whole, name=f"{stage.name}_synchronous", repeats=each)
        return [*((warm,) if first else ()), *((self._stage(stage),) if steps > 1 else ())]

    def _stage(self, stage: Stage) -> Stage:
        """A stage on one device; passes of guidance that follow one another in it are those of one of two devices."""
        writer = StageWriter(self._writer, stage)
        for index, call in enumerate(self._split.survey.calls[stage.name]):
            writer.module = int(stage.modules[index])
            self._call(writer, call, self._operators(stage, index))
            self._hand_on(writer, stage, index)
        self._gather(writer, stage)
        steps = self._writer.graph.workload.num_inference_steps or stage.repeats
        halved = self._split.passes > 1 and not self._passes_are_stages(stage) and stage.repeats % 2 == 0
        return writer.finish(stage.repeats // 2 if halved and steps else stage.repeats)

    def _passes_are_stages(self, stage: Stage) -> bool:
        same = [s for s in self._writer.graph.stages if s.component == stage.component and s.repeats == stage.repeats]
        return len(same) > 1

    def weights_saved(self) -> int:
        """Bytes of weights that other devices hold. [B]"""
        roles, sizes = self._writer.graph.storage_roles, self._writer.graph.storage_bytes
        used = {storage for call in self._split.survey.iter_calls() for storage in call.read}
        saved = 0
        for storage in used:
            layers = self._scheme.pipefusion if roles[storage] == StorageRole.PARAMETER else 1
            parts = self._division.storage_parts(storage) * layers
            if parts == 1:
                continue
            own = -(-int(sizes[storage]) // parts)
            self._writer.storage_bytes[storage] = own
            if roles[storage] in (StorageRole.PARAMETER, StorageRole.BUFFER):
                saved += int(sizes[storage]) - own
        for call in self._split.survey.iter_calls():
            for storage in call.written:
                parts = self._division.storage_parts(storage)
                self._writer.storage_bytes[storage] = -(-int(sizes[storage]) // parts)
        return saved

    def _operators(self, stage: Stage, index: int) -> tuple[Op, ...]:
        operators = self._writer.graph.operators
        first = operators[stage.operators[index]]
        return (first,) if stage.grown is None else (first, operators[stage.grown[index]])

    def _call(self, writer: StageWriter, call: Call, ops: tuple[Op, ...]) -> None:
        """A call on one device, with what it sends before and after it."""
        summed = self._tokens in self._split.survey.axes.roots(call.walk.summed)
        local = tuple((self._one_step if summed else self._division).operator(op, call) for op in ops)
        if is_free(call.op.name):
            writer.call(local, call.read, call.written)
        elif kind_of(call.op.name) in ATTENTIONS:
            self._attention(writer, call, local)
        else:
            self._halo(writer, call, local[-1])
            writer.call(local, call.read, call.written)
            self._sum(writer, call, local)

    def _hand_on(self, writer: StageWriter, stage: Stage, index: int) -> None:
        """A patch that goes to the device of the next layers while another is worked on."""
        parts, calls = self._scheme.pipefusion, self._split.survey.calls[stage.name]
        if parts == 1 or (index + 1) * parts // len(calls) == index * parts // len(calls):
            return
        main = self._split.survey.main_attention()
        if main is None:
            return
        patch = self._division.operator(main.op, main).inputs[0]
        message = exchange(patch.numel, patch.dtype, parts, self._scheme.span("pipefusion"), beside=True)
        writer.make(message, *calls[index].read[:1])

    def _attention(self, writer: StageWriter, call: Call, local: tuple[Op, ...]) -> None:
        length = length_axis(call.op)
        queries, keys = (self._division.parts((dims[length],))[0] for dims in call.inputs[:2])
        if keys == 1:
            writer.call(local, call.read, call.written)
        elif queries == 1 or len(call.inputs[0]) < 4 or not self._is_of_tokens(call.inputs[1][length]):
            gather_keys(writer, local[-1], call.read, call.written, keys)
        else:
            attend(writer, local[-1], call.read, call.written, self._scheme)

    def _span(self, *dims: Dim) -> int:
        """Neighbours among which those lie that have parts of some extents."""
        axes = {axis for dim in dims for axis in self._split.survey.axes.roots(dim)}
        name = "ring" if self._tokens in axes and self._tokens >= 0 else "tensor"
        return self._scheme.span(name)

    def _is_of_tokens(self, dim: Dim) -> bool:
        return self._tokens in self._split.survey.axes.roots(dim)

    def _halo(self, writer: StageWriter, call: Call, local: Op) -> None:
        """Rows of the neighbours that a convolution reads, put beside a device's own (DistVAE: ``PatchConv2d``)."""
        for at, dim in enumerate(call.walk.spread):
            ranks = self._one_step.parts((dim,))[0]
            if ranks > 1:
                image, taps = local.inputs[0], local.inputs[1].shape[2 + at]
                rows = image.numel // image.shape[2 + at] * (taps - 1)
                writer.make(exchange(rows, image.dtype, ranks), call.read[0])
                writer.make(packed(image), call.read[0])

    def _sum(self, writer: StageWriter, call: Call, local: tuple[Op, ...]) -> None:
        """What every device has a part of, summed over all: products and statistics along a divided axis."""
        reduced = prod(self._one_step.parts(call.walk.reduced))
        summed = self._one_step.parts((call.walk.summed,))[0]
        kind = kind_of(call.op.name)
        if kind in PRODUCTS or kind in (Kind.REDUCTION, Kind.GATHER):
            ranks = max(reduced, summed)
            span = self._span(*call.walk.reduced, call.walk.summed)
            served = self._writer.graph.workload.kv_cache == _SERVED
            direct = self._scheme.sums == "direct" or (served and self._scheme.sums != "library")
            ops = [all_reduce(op.outputs[0], ranks, span, direct=direct) for op in local] if ranks > 1 else []
        else:
            ops = [_statistics(op, call, reduced) for op in local] if reduced > 1 else []
        if ops:
            writer.call(ops, call.written[:1], call.written[:1])

    def _gather(self, writer: StageWriter, stage: Stage) -> None:
        """The result of a run of a stage on every device."""
        last = self._split.survey.calls[stage.name][-1]
        local = self._division.operator(last.op, last).outputs[0]
        whole = last.op.outputs[0]
        axes = {axis for dim in last.outputs[0] for axis in self._split.survey.axes.roots(dim)}
        ranks = [(number, self._gathered(axis)) for axis, number in self._one_step.devices.items() if axis in axes]
        ranks += [(self._split.passes, self._scheme.span("cfg"))] if self._split.passes > 1 else []
        storage, part = last.written[0], local
        for number, span in ranks:
            storage = writer.make(all_gather(part, number, span), storage)
            part = TensorSpec((part.numel * number,), whole.dtype)

    def _gathered(self, axis: int) -> int:
        """Neighbours among which the parts of an axis of a result lie."""
        if axis == self._tokens:
            return self._scheme.span("ring")
        return self._scheme.span("cfg" if self._scheme.cfg > 1 else "tensor")


def _statistics(op: Op, call: Call, ranks: int) -> Op:
    """Sums of two moments of each row of a norm, or of maximum and sum of one of a softmax, over all devices."""
    extent = prod(factor.extent for dim in call.walk.reduced for factor in dim) // ranks
    rows = max(op.outputs[0].numel // max(extent, 1), 1)
    return all_reduce(TensorSpec((rows, 2), _STATISTICS), ranks)
