"""The graph of a quantised pipeline: operators of a scheme in place of its linear layers, and weights that take less.

A library replaces the weight of a linear layer by a tensor of its own, so that a call of the layer becomes the calls of
its operators (torchao's ``quantize_``), or the layer by one of its own (bitsandbytes, quanto). All else stays: products
of activations, attention and convolutions run in the format of the pipeline.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from simulator.execution import Execution, ExecutionError
from simulator.quantization import EVERY, Choice, Recipe, Scheme
from simulator.work import FormulaError
from tracer.graph import IndexArray, Op, OpGraph, Stage
from tracer.operators import is_free

from .accounts import QuantizedWeights
from .conversions import Conversions
from .layers import Layer, layer_of, main_component, taken, weights_alone
from .steps import LayerCalls, layer_calls
from .storages import Storages

__all__ = ["quantized"]


class _Rewritten(NamedTuple):
    """Calls of a stage, by new numbers of operators and storages."""

    operators: list[int]
    modules: list[int]
    inputs: list[int]
    outputs: list[int]
    grown: list[int]


def quantized(graph: OpGraph, execution: Execution) -> tuple[OpGraph, QuantizedWeights | None]:
    """Graph as it runs under the scheme of an execution, and what that changed; the graph itself without one.

    Raises
    ------
    ExecutionError
        The graph has no such component.
    """
    choice = execution.quantization
    if choice.scheme is None:
        return graph, None
    rewriting = _Rewriting(graph, choice.scheme, _components(graph, choice))
    stages = tuple(rewriting.stage(stage, execution.of(stage.component)) for stage in graph.stages)
    return rewriting.graph(stages), rewriting.account()


def _components(graph: OpGraph, choice: Choice) -> tuple[str, ...]:
    known = tuple(dict.fromkeys(stage.component for stage in graph.stages))
    if choice.components == (EVERY,):
        return known
    for name in choice.components:
        if name not in known:
            valid = ", ".join((EVERY, *known))
            raise ExecutionError(f"quantize: {graph.name} has no component {name!r}; valid: {valid}")
    return choice.components or (main_component(graph),)


class _Rewriting:
    """State of one call of :func:`quantized`."""

    def __init__(self, graph: OpGraph, scheme: Scheme, components: tuple[str, ...]) -> None:
        self._graph, self._scheme, self._components = graph, scheme, components
        self._weights = weights_alone(graph)
        self._operators: dict[Op, int] = {}
        self._layers = [layer_of(op) for op in graph.operators]
        self._free = [is_free(op.name) for op in graph.operators]
        self._calls: dict[tuple[int, int], LayerCalls] = {}
        self._storages = Storages(graph)
        self._own = [self._number(op) for op in graph.operators]
        self._kept: set[int] = set()
        self._shared = Conversions()

    def stage(self, stage: Stage, execution: Execution) -> Stage:
        """Stage with the operators of the scheme in place of its layers."""
        if stage.component not in self._components:
            return self._renumbered(stage)
        result = _Rewritten([], [], [], [], [])
        self._shared = Conversions()
        ends = (_ends(self._graph, stage, "inputs"), _ends(self._graph, stage, "outputs"))
        grown = stage.operators if stage.grown is None else stage.grown
        for call, (first, last, module) in enumerate(
            zip(stage.operators.tolist(), grown.tolist(), stage.modules.tolist(), strict=True)
        ):
            reads, writes = (
                column[end[call] : end[call + 1]].tolist()
                for column, end in zip((stage.inputs, stage.outputs), ends, strict=True)
            )
            if self._takes(last, reads, module):
                self._replace(result, (first, last), module, (reads, writes), execution)
            else:
                _append(result, self._own[first], self._own[last], module, reads, writes)
                self._shared.overwritten(() if self._free[first] else writes)
        return replace(
            stage,
            operators=_array(result.operators),
            modules=_array(result.modules),
            inputs=_array(result.inputs),
            outputs=_array(result.outputs),
            grown=None if stage.grown is None else _array(result.grown),
        )

    def _takes(self, operator: int, reads: list[int], module: int) -> bool:
        """Whether a call is of a layer that the scheme changes."""
        layer = self._layers[operator]
        if layer is None:
            return False
        weight = reads[layer.operands.weight]
        if weight not in self._weights:
            return False
        if taken(layer, self._scheme, self._graph.modules[module]):
            return True
        self._kept.add(weight)
        return False

    def _replace(
        self,
        result: _Rewritten,
        operators: tuple[int, int],
        module: int,
        storages: tuple[list[int], list[int]],
        execution: Execution,
    ) -> None:
        """Append what the library calls in place of a layer."""
        begun, layer = (_known(self._layers[number]) for number in operators)
        recipe = self._scheme.recipe(compiled=execution.compiled, rows=layer.sizes.m)
        first, last = (self._calls_of(each, recipe) for each in (begun, layer))
        converted = self._shared.of(layer, storages[0]) if execution.compiled else {}
        known = self._storages.of_layer(layer, last, self._scheme, storages, converted)
        for early, late, of_input in zip(first.calls, last.calls, last.of_input, strict=True):
            if of_input and converted.keys() >= set(late.writes):
                continue
            numbers = (self._number(early.op), self._number(late.op))
            reads, writes = ([known[name] for name in names] for names in (late.reads, late.writes))
            _append(result, *numbers, module, reads, writes)
        self._shared.overwritten(storages[1])
        if execution.compiled:
            calls = (c for c, of_input in zip(last.calls, last.of_input, strict=True) if of_input)
            self._shared.keep(layer, storages[0], {name: known[name] for call in calls for name in call.writes})

    def _calls_of(self, layer: Layer, recipe: Recipe) -> LayerCalls:
        """Calls of a recipe in place of a distinct layer."""
        key = (id(layer), id(recipe))
        if key not in self._calls:
            self._calls[key] = layer_calls(layer, self._scheme, recipe)
        return self._calls[key]

    def _number(self, op: Op) -> int:
        return self._operators.setdefault(op, len(self._operators))

    def _renumbered(self, stage: Stage) -> Stage:
        own = np.array(self._own, dtype=np.int64)
        grown = None if stage.grown is None else own[stage.grown]
        return replace(stage, operators=own[stage.operators], grown=grown)

    def graph(self, stages: tuple[Stage, ...]) -> OpGraph:
        """Graph of rewritten stages, whose components hold the weights as they are now."""
        saved = self._storages.saved_by_component(self._graph)
        components = tuple(
            replace(c, parameter_bytes=c.parameter_bytes - saved.get(c.name, 0)) for c in self._graph.components
        )
        sizes, roles = self._storages.columns()
        return replace(
            self._graph,
            operators=tuple(self._operators),
            stages=stages,
            components=components,
            storage_bytes=sizes,
            storage_roles=roles,
        )

    def account(self) -> QuantizedWeights:
        """What the scheme has changed."""
        changed = self._storages.weights
        return QuantizedWeights(
            scheme=self._scheme.name,
            title=self._scheme.title,
            components=self._components,
            layers=len(changed),
            layers_kept=len(self._kept - set(changed)),
            weights=sum(weight.elements for weight in changed.values()),
            bytes_before=sum(weight.before for weight in changed.values()),
            bytes_after=sum(weight.after for weight in changed.values()),
            unchecked=self._scheme.unchecked,
        )


def _known(layer: Layer | None) -> Layer:
    if layer is None:
        raise FormulaError("an operator became a linear layer as it grew")
    return layer


def _append(result: _Rewritten, first: int, last: int, module: int, reads: list[int], writes: list[int]) -> None:
    result.operators.append(first)
    result.grown.append(last)
    result.modules.append(module)
    result.inputs.extend(reads)
    result.outputs.extend(writes)


def _ends(graph: OpGraph, stage: Stage, side: str) -> IndexArray:
    """Where the storages of each call begin, and where those of the last one end."""
    counts = np.array([len(getattr(op, side)) for op in graph.operators], dtype=np.int64)[stage.operators]
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts)))


def _array(values: list[int]) -> IndexArray:
    return np.array(values, dtype=np.int64)
