"""A predicted run as a Chakra execution trace: kernels with times, and what each waits for, for network simulators.

The first run of each stage, one stage after another; the attribute ``repeats`` says how often the stage runs. A call is
a node of the host without time, from which its shapes come; its kernels wait for it, for the kernel before them on the
stream, and for those that wrote what the call reads. Computing nodes have the attributes that ASTRA-sim reads
(``num_ops``, ``tensor_size``), collectives ``comm_type`` and ``comm_size``, and all ``runtime_ns``: times of the format
are whole microseconds, and kernels begin and end at the nearest, so that sums of a stage stay right to one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from simulator.kernels import CollectiveAlgorithm, CollectiveTable, KernelTables
from simulator.profile.steps import LaunchedSpan, spans_of
from simulator.schedule.timeline import StageTimeline
from simulator.simulation import Simulation
from tracer.storage.chakra_schema import Collective, Node, NodeType, chakra_file

from .argument_lists import profiler_type

__all__ = ["chakra_trace"]

Attributes = dict[str, bool | int | str]


def chakra_trace(simulation: Simulation) -> bytes:
    """Content of the file."""
    nodes: list[Node] = []
    at = 0.0
    for stage in simulation.timeline.stages:
        if len(stage.execution):
            graph = _StageNodes(simulation, stage, at, len(nodes))
            nodes += graph.nodes()
            at = graph.end
    return chakra_file(nodes)


class _StageNodes:
    """Nodes of the first run of a stage that begins at some time, numbered from the next id on. [s]"""

    def __init__(self, simulation: Simulation, stage: StageTimeline, at: float, first: int) -> None:
        self._simulation, self._stage, self._at, self._next = simulation, stage, at, first
        self._spans = spans_of(simulation, stage)
        self._messages = _messages(simulation.kernels)
        self.end = at + max(span.span.start + span.span.duration for span in self._spans)

    def nodes(self) -> Iterator[Node]:
        """A node for each call that launches something, and for each kernel."""
        reads, writes = _uses(self._simulation, self._stage)
        written: dict[int, int] = {}  # storage to the kernel that wrote it last
        call, before, operator, needed = -1, -1, -1, set[int]()
        for launched in self._spans:
            if launched.span.call != call:
                call, operator = launched.span.call, self._number()
                yield self._operator(operator, launched)
                needed = {written[storage] for storage in reads[call] if storage in written}
            number = self._number()
            control = (operator,) if before < 0 else (operator, before)
            yield self._kernel(number, launched, control, sorted(needed - {before}))
            before = number
            written.update(dict.fromkeys(writes[call], number))

    def _operator(self, number: int, launched: LaunchedSpan) -> Node:
        graph, stage = self._simulation.launches.graph, self._stage.launches.stage
        op = graph.operators[stage.operators[launched.span.call]]
        return Node(
            id=number,
            name=op.name,
            type=NodeType.COMPUTE,
            start=self._micro(launched.span.launched),
            shapes=json.dumps([list(t.shape) for t in op.inputs]),
            types=json.dumps([f"Tensor({profiler_type(t.dtype)})" for t in op.inputs]),
            attributes={"is_cpu_op": True},
        )

    def _kernel(self, number: int, launched: LaunchedSpan, control: tuple[int, ...], data: list[int]) -> Node:
        span, row, table = launched.span, launched.row, self._simulation.kernels
        start, end = self._micro(span.start), self._micro(span.start + span.duration)
        message, stage = self._messages.get(row), self._stage.launches.stage
        common: Attributes = {
            "is_cpu_op": False,
            "runtime_ns": round(span.duration * 1e9),
            "repeats": stage.repeats,
            "stage": stage.name,
        }
        operations = round(float(table.matrix_flops[row] + table.vector_flops[row]))
        own: Attributes = message or {"num_ops": operations, "tensor_size": round(float(table.bytes[row]))}
        return Node(
            id=number,
            name=span.name,
            type=NodeType.COMPUTE if message is None else NodeType.COLLECTIVE,
            control=control,
            data=data,
            start=start,
            duration=end - start,
            attributes={**common, **own},
        )

    def _number(self) -> int:
        self._next += 1
        return self._next - 1

    def _micro(self, seconds: float) -> int:
        return round((self._at + seconds) * 1e6)


def _uses(simulation: Simulation, stage: StageTimeline) -> tuple[list[list[int]], list[list[int]]]:
    """Storages that each call of a stage reads and writes."""
    graph, what = simulation.launches.graph, stage.launches.stage
    reads, writes, at_input, at_output = [], [], 0, 0
    for index in what.operators.tolist():
        op = graph.operators[index]
        reads.append(what.inputs[at_input : at_input + len(op.inputs)].tolist())
        writes.append(what.outputs[at_output : at_output + len(op.outputs)].tolist())
        at_input, at_output = at_input + len(op.inputs), at_output + len(op.outputs)
    return reads, writes


def _messages(kernels: KernelTables) -> dict[int, Attributes]:
    """Attributes of collectives by their row."""
    found: dict[int, Attributes] = {}
    for table, rows in kernels:
        if isinstance(table, CollectiveTable):
            columns = (rows.tolist(), table.algorithm.tolist(), table.message_bytes.tolist())
            for row, code, size in zip(*columns, strict=True):
                name = CollectiveAlgorithm(code).name
                found[row] = {"comm_type": int(Collective[name]), "comm_size": round(size)}
    return found
