"""Graphs of modules and callables from one run on meta tensors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from tracer.graph import Component, GraphError, IndexArray, Op, OpGraph, Stage, StorageRole, TensorSpec, Workload

from .recorder import Call, ModulePath, Recorder, StorageTable

__all__ = ["GraphBuilder", "trace"]


def trace(
    function: Callable[..., object],
    *example_inputs: object,
    name: str = "model",
    attention_kinds: Mapping[str, str] | None = None,
    gradients: bool = False,
    **keyword_inputs: object,
) -> OpGraph:
    """Graph of one call of any module or callable; see :func:`tracer.capture.trace_module`."""
    builder = GraphBuilder(attention_kinds=attention_kinds or {}, gradients=gradients)
    builder.add_stage(
        name, name, function, lambda repeat: function(*example_inputs, **keyword_inputs), default_kind="self"
    )
    return builder.build(name, Workload(dtype=_dtype_of(function, example_inputs)))


@dataclass(slots=True)
class GraphBuilder:
    """Traces stages one after another into one graph, in which weights are shared and storages numbered once.

    Attributes
    ----------
    attention_kinds : mapping of str to str
        Regular expression on the module path -> kind of attention; the first that matches decides.
    gradients : bool
        Whether autograd keeps track, so that a stage may run a backward pass.
    """

    attention_kinds: Mapping[str, str] = field(default_factory=dict)
    gradients: bool = False
    _storages: StorageTable = field(default_factory=StorageTable)
    _operators: dict[Op, int] = field(default_factory=dict)
    _modules: dict[str, int] = field(default_factory=dict)
    _components: dict[str, Component] = field(default_factory=dict)
    _stages: list[Stage] = field(default_factory=list)

    def add_stage(
        self,
        name: str,
        component: str,
        root: object,
        run: Callable[[int], object],
        *,
        repeats: int = 1,
        grows: bool = False,
        default_kind: str = "self",
    ) -> None:
        """Trace one stage.

        Parameters
        ----------
        name, component : str
        root : object
            Module whose parameters are the component's weights and whose submodules give the paths.
        run : callable
            ``run(repeat)`` runs the stage once.
        repeats : int
            How often the stage runs.
        grows : bool
            Trace the first and the last repeat and interpolate between them.
        default_kind : str
            Kind of attention where no pattern matches and query and key are equally long.

        Raises
        ------
        GraphError
            The first and the last repeat of a growing stage do not make the same sequence of calls, or another
            stage has given the component other weights.
        """
        if isinstance(root, nn.Module):
            self._add_component(component, root)
        calls = self._capture(component, root, lambda: run(0), default_kind)
        operators = grown = self._intern(calls)
        if grows and repeats > 1:
            last = self._capture(component, root, lambda: run(repeats - 1), default_kind)
            _check_isomorphic(name, calls, last)
            calls, grown = last, self._intern(last)
        self._stages.append(
            Stage(
                name=name,
                component=component,
                repeats=repeats,
                operators=operators,
                modules=_column(self._modules.setdefault(c.module, len(self._modules)) for c in calls),
                inputs=_column(t.storage for c in calls for t in c.inputs),
                outputs=_column(t.storage for c in calls for t in c.outputs),
                grown=None if grown is operators else grown,
            )
        )

    def build(self, name: str, workload: Workload, sources: Sequence[str] = ()) -> OpGraph:
        """Graph of all stages added so far."""
        return OpGraph(
            name=name,
            workload=workload,
            operators=tuple(self._operators),
            modules=tuple(self._modules),
            stages=tuple(self._stages),
            components=tuple(self._components.values()),
            storage_bytes=_column(self._storages.nbytes),
            storage_roles=_column(self._storages.roles),
            sources=tuple(sources),
        )

    def _add_component(self, name: str, root: nn.Module) -> None:
        """Note the weights of a component; one that two stages run in different dtypes has the larger bytes."""
        parameters, buffers = list(root.parameters()), list(root.buffers())
        for parameter in parameters:
            self._storages.number(parameter, StorageRole.PARAMETER)
        for buffer in buffers:
            self._storages.number(buffer, StorageRole.BUFFER)
        num_parameters = sum(p.numel() for p in parameters)
        nbytes = sum(t.numel() * t.element_size() for t in (*parameters, *buffers))
        known = self._components.get(name, Component(name, num_parameters, nbytes))
        if known.num_parameters != num_parameters:
            raise GraphError(
                f"component {name!r} has {known.num_parameters} parameters in one stage and {num_parameters} in "
                "another; stages that share a component must run the same weights"
            )
        self._components[name] = replace(known, parameter_bytes=max(known.parameter_bytes, nbytes))

    def _capture(self, component: str, root: object, run: Callable[[], object], default_kind: str) -> list[Call]:
        def attention_kind(path: str, query_length: int, key_length: int) -> str:
            for pattern, kind in self.attention_kinds.items():
                if re.search(pattern, path):
                    return kind
            return default_kind if query_length == key_length else "cross"

        return Recorder(self._storages, ModulePath(component, root), attention_kind).run(run, gradients=self.gradients)

    def _intern(self, calls: Sequence[Call]) -> IndexArray:
        def index(call: Call) -> int:
            op = Op(call.name, _without_storage(call.inputs), _without_storage(call.outputs), call.attributes)
            return self._operators.setdefault(op, len(self._operators))

        return _column(index(call) for call in calls)


def _column(values: Any) -> IndexArray:
    return np.fromiter(values, dtype=np.int64)


def _without_storage(tensors: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
    return tuple(replace(t, storage=-1) for t in tensors)


def _check_isomorphic(stage: str, first: Sequence[Call], last: Sequence[Call]) -> None:
    """Refuse a growing stage whose ends differ in more than extents: nothing between them could be inferred."""
    if len(first) != len(last):
        raise GraphError(
            f"stage {stage!r} makes {len(first)} calls in its first repeat and {len(last)} in its last; "
            "a growing stage must make the same calls in every repeat"
        )
    for position, (a, b) in enumerate(zip(first, last, strict=True)):
        if _form(a) != _form(b):
            raise GraphError(
                f"stage {stage!r}, call {position}: {a.name} in {a.module} becomes {b.name} in {b.module} "
                "in the last repeat; a growing stage must make the same calls in every repeat"
            )


def _form(call: Call) -> tuple[object, ...]:
    """What must be the same in every repeat: all but extents and the values of attributes."""
    tensors = tuple((len(t.shape), t.dtype) for t in (*call.inputs, *call.outputs))
    return call.name, call.module, len(call.inputs), tensors, tuple(name for name, _ in call.attributes)


def _dtype_of(function: object, inputs: Sequence[object]) -> str:
    """Dtype of the first floating-point parameter or input; float32 where there is none."""
    tensors = [*(function.parameters() if isinstance(function, nn.Module) else ()), *inputs]
    for tensor in tensors:
        if isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
            return str(tensor.dtype).removeprefix("torch.")
    return "float32"
