"""Operands as one of several devices has them: shorter along divided axes, and so are the steps past them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

from tracer.graph import AttributeValue, Op, TensorSpec

from .axes import Dims
from .survey import Call, Survey

__all__ = ["Division"]


class Division:
    """Division of the tensors of a component along some axes.

    Parameters
    ----------
    survey : Survey
    devices : mapping of int to int
        Number of devices by axis.
    """

    def __init__(self, survey: Survey, devices: Mapping[int, int]) -> None:
        """Axes as they stand for those that they are joined with."""
        self.survey = survey
        self.devices = {survey.axes.root(axis): number for axis, number in devices.items() if number > 1}
        self._parts: dict[Dims, tuple[int, ...]] = {}

    def parts(self, dims: Dims) -> tuple[int, ...]:
        """Over how many devices each extent is divided."""
        if dims not in self._parts:
            self._parts[dims] = self.survey.parts(dims, self.devices)
        return self._parts[dims]

    def storage_parts(self, storage: int) -> int:
        """Over how many devices what a storage holds is divided."""
        axes = {self.survey.axes.root(factor.axis) for factor in self.survey.laid(storage)}
        return prod(self.devices.get(axis, 1) for axis in axes)

    def operator(self, op: Op, call: Call) -> Op:
        """An operator of a call, of its first or its last repeat, on one device."""
        inputs = tuple(map(self._tensor, op.inputs, call.inputs, call.read))
        outputs = tuple(map(self._tensor, op.outputs, call.outputs, call.written))
        if inputs == op.inputs and outputs == op.outputs:
            return op
        return replace(op, inputs=inputs, outputs=outputs, attributes=_attributes(op, outputs))

    def _tensor(self, spec: TensorSpec, dims: Dims, storage: int) -> TensorSpec:
        parts = self.parts(dims)
        if not spec.strides:
            return spec if prod(parts) == 1 else replace(spec, shape=_shorter(spec.shape, parts))
        strides = tuple(self._step(step, storage) for step in spec.strides)
        return replace(spec, shape=_shorter(spec.shape, parts), strides=strides)

    def _step(self, step: int, storage: int) -> int:
        """A step of a view, over the parts that are no longer between."""
        for factor in self.survey.laid(storage):
            number = self.devices.get(self.survey.axes.root(factor.axis), 1)
            if number > 1 and step >= factor.step * factor.extent:
                step = max(step // factor.extent * -(-factor.extent // number), 1)
        return step


def _shorter(shape: tuple[int, ...], parts: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-(-extent // part) for extent, part in zip(shape, parts, strict=True))


def _attributes(op: Op, outputs: tuple[TensorSpec, ...]) -> tuple[tuple[str, AttributeValue], ...]:
    """Attributes that repeat extents follow them."""
    normalized = op.attribute("normalized_shape")
    if not isinstance(normalized, tuple) or not outputs:
        return op.attributes
    own = outputs[0].shape[len(outputs[0].shape) - len(normalized) :]
    return tuple((name, own if name == "normalized_shape" else value) for name, value in op.attributes)
