"""The operator graph: what a workload asks a device to do, in order, with shapes and edges.

A graph is stored as columns: every *distinct* operator (name, tensor shapes, attributes) is kept once, and a stage
is a sequence of indices into that list. A pipeline of 60,000 calls is a few hundred distinct operators, so that work
and time are computed once for each of them and counted. :meth:`OpGraph.ops` gives the calls one by one.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .dtypes import BITS
from .errors import GraphError
from .workload import KEY_VALUE_CACHES, KEY_VALUE_DTYPES, Workload

__all__ = [
    "KEY_VALUE_CACHES",
    "KEY_VALUE_DTYPES",
    "LARGEST_TENSOR",
    "AttributeValue",
    "Component",
    "GraphError",
    "IndexArray",
    "Op",
    "OpGraph",
    "Stage",
    "StorageRole",
    "TensorSpec",
    "Workload",
    "impossible_tensor",
]

IndexArray = NDArray[np.int64]
AttributeValue = bool | int | float | str | tuple[bool | int | float | str, ...] | None


class StorageRole(enum.IntEnum):
    """What a storage holds."""

    PARAMETER = 0
    BUFFER = 1
    INPUT = 2
    ACTIVATION = 3


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Shape, dtype and layout of one tensor.

    Attributes
    ----------
    shape : tuple of int
        Extents. ``()`` is a scalar.
    dtype : str
        torch's name without the ``torch.`` prefix: ``float16``, ``bfloat16``, ``float8_e4m3fn``.
    strides : tuple of int
        Steps in elements. Empty means contiguous.
    storage : int
        Index of the storage in the graph. -1 in a distinct operator, whose calls name their own storages.
    """

    shape: tuple[int, ...]
    dtype: str
    strides: tuple[int, ...] = ()
    storage: int = -1

    @property
    def numel(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> float:
        """Size of one element. [B]"""
        try:
            return BITS[self.dtype] / 8
        except KeyError:
            raise GraphError(f"unknown dtype {self.dtype!r}; known: {', '.join(sorted(BITS))}") from None

    @property
    def nbytes(self) -> int:
        """Bytes that hold the distinct elements; an axis of stride 0 (a broadcast) is stored once. [B]"""
        shape = self.shape
        if self.strides:
            shape = tuple(n for n, step in zip(shape, self.strides, strict=True) if step != 0)
        return math.ceil(math.prod(shape) * self.itemsize)

    @property
    def is_contiguous(self) -> bool:
        """Whether elements lie in row-major order without gaps."""
        expected = 1
        if not self.strides:
            return True
        for extent, step in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if extent != 1 and step != expected:
                return False
            expected *= extent
        return True


#: Most elements of a tensor that is believed, and most bytes of one: far beyond any memory, and far enough below 64
#: bits that sums and products over a run stay exact.
LARGEST_TENSOR = 2**50


def impossible_tensor(operators: Iterable[Op]) -> str:
    """What is wrong with the first tensor that cannot be, by name of its operator; empty where all can."""
    for op in operators:
        for tensor in (*op.inputs, *op.outputs):
            if any(extent < 0 for extent in tensor.shape):
                return f"{op.name}: a tensor has shape {list(tensor.shape)}; extents are not negative"
            if any(abs(step) > LARGEST_TENSOR for step in tensor.strides):
                return f"{op.name}: a tensor has strides {list(tensor.strides)}; at most {LARGEST_TENSOR} are believed"
            if tensor.numel > LARGEST_TENSOR:
                shape = str(list(tensor.shape))[:80]
                return f"{op.name}: a tensor of shape {shape} has more than {LARGEST_TENSOR:.3g} elements"
    return ""


@dataclass(frozen=True, slots=True)
class Op:
    """One call of an operator.

    Attributes
    ----------
    name : str
        ``namespace::operator`` as the PyTorch profiler prints it, without the overload: ``aten::addmm``.
    inputs, outputs : tuple of TensorSpec
        Tensors in ATen's argument order; an optional tensor that was not given is left out.
    attributes : tuple of (str, value)
        Arguments that are not tensors, by their name in ATen's schema, sorted by name.
    module : str
        Qualified path of the innermost module that made the call: ``unet.down_blocks.0.resnets.0.conv1``.
    stage : str
        Name of the stage that the call belongs to.
    """

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    attributes: tuple[tuple[str, AttributeValue], ...] = ()
    module: str = ""
    stage: str = ""

    def attribute(self, name: str, default: AttributeValue = None) -> AttributeValue:
        """Value of one attribute, or `default` where the call did not give it."""
        for key, value in self.attributes:
            if key == name:
                return value
        return default


@dataclass(frozen=True, slots=True)
class Component:
    """A set of weights of a pipeline, which one or more stages run.

    Attributes
    ----------
    name : str
        First part of the module path of its calls.
    num_parameters : int
        Elements of its parameters, each shared one counted once.
    parameter_bytes : int
        Bytes of its parameters and buffers at the traced dtype. [B]
    """

    name: str
    num_parameters: int
    parameter_bytes: int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stage:
    """A part of a pipeline, how often it runs, and its calls as columns.

    Attributes
    ----------
    name : str
    component : str
        Name of the :class:`Component` that it runs.
    repeats : int
        Runs per run of the pipeline: denoising steps, decoded tokens, frames in turn.
    operators : ndarray of int, shape (num_calls,)
        Index of each call's distinct operator in :attr:`OpGraph.operators`.
    modules : ndarray of int, shape (num_calls,)
        Index of each call's module path in :attr:`OpGraph.modules`.
    inputs, outputs : ndarray of int
        Storages of all calls' inputs (outputs), concatenated in the order of the calls.
    grown : ndarray of int, shape (num_calls,), optional
        Distinct operators of the *last* repeat, where shapes grow from repeat to repeat (autoregressive decoding);
        `operators` then holds the first. Extents of the repeats between are affine in the repeat's index.
    """

    name: str
    component: str
    repeats: int
    operators: IndexArray
    modules: IndexArray
    inputs: IndexArray
    outputs: IndexArray
    grown: IndexArray | None = None

    @property
    def num_calls(self) -> int:
        """Operator calls in one run of the stage."""
        return len(self.operators)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OpGraph:
    """Every operator call of one run of a pipeline, in order, with producer-consumer edges by storage.

    Attributes
    ----------
    name : str
        Name of the workload on the command line.
    workload : Workload
    operators : tuple of Op
        Distinct operators; their tensors name no storage and their `module` and `stage` are empty.
    modules : tuple of str
        Distinct module paths.
    stages : tuple of Stage
        In the order in which they first run.
    components : tuple of Component
    storage_bytes : ndarray of int, shape (num_storages,)
        Size of each storage; for growing stages that of the last repeat. [B]
    storage_roles : ndarray of int, shape (num_storages,)
        :class:`StorageRole` of each storage.
    sources : tuple of str
        Where the pipeline's architecture and settings come from.
    """

    name: str
    workload: Workload
    operators: tuple[Op, ...]
    modules: tuple[str, ...]
    stages: tuple[Stage, ...]
    components: tuple[Component, ...]
    storage_bytes: IndexArray
    storage_roles: IndexArray
    sources: tuple[str, ...] = field(default=())

    def stage(self, name: str) -> Stage:
        """Stage of that name.

        Raises
        ------
        KeyError
            No such stage; the message lists the valid names.
        """
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(f"no stage {name!r}; valid: {', '.join(s.name for s in self.stages)}")

    def ops(self, stage: Stage) -> Iterator[Op]:
        """Calls of one run of `stage` in order, each with its storages, module path and stage name."""
        position_in, position_out = 0, 0
        for operator, module in zip(stage.operators, stage.modules, strict=True):
            op = self.operators[operator]
            end_in, end_out = position_in + len(op.inputs), position_out + len(op.outputs)
            yield replace(
                op,
                inputs=_with_storages(op.inputs, stage.inputs[position_in:end_in]),
                outputs=_with_storages(op.outputs, stage.outputs[position_out:end_out]),
                module=self.modules[module],
                stage=stage.name,
            )
            position_in, position_out = end_in, end_out

    def edges(self, stage: Stage) -> list[tuple[int, int]]:
        """(producer, consumer) pairs of call indices: the consumer reads a storage that the producer wrote last."""
        writer: dict[int, int] = {}
        pairs: list[tuple[int, int]] = []
        for index, op in enumerate(self.ops(stage)):
            producers = {writer[t.storage] for t in op.inputs if t.storage in writer}
            pairs.extend((producer, index) for producer in sorted(producers))
            for tensor in op.outputs:
                writer[tensor.storage] = index
        return pairs

    @property
    def num_parameters(self) -> int:
        """Parameters of all components."""
        return sum(component.num_parameters for component in self.components)

    @property
    def parameter_bytes(self) -> int:
        """Bytes of the weights of all components. [B]"""
        return sum(component.parameter_bytes for component in self.components)

    def __eq__(self, other: object) -> bool:
        """Equal columns, operators, modules and components; used by tests of serialisation."""
        if not isinstance(other, OpGraph):
            return NotImplemented
        return (
            (self.name, self.workload, self.operators, self.modules, self.components, self.sources)
            == (other.name, other.workload, other.operators, other.modules, other.components, other.sources)
            and np.array_equal(self.storage_bytes, other.storage_bytes)
            and np.array_equal(self.storage_roles, other.storage_roles)
            and len(self.stages) == len(other.stages)
            and all(_stages_equal(a, b) for a, b in zip(self.stages, other.stages, strict=True))
        )

    __hash__ = None  # type: ignore[assignment]


def attributes_from(mapping: Mapping[str, AttributeValue]) -> tuple[tuple[str, AttributeValue], ...]:
    """Attributes of an :class:`Op` from a mapping, sorted so that equal calls compare equal."""
    return tuple(sorted(mapping.items()))


def _with_storages(tensors: tuple[TensorSpec, ...], storages: IndexArray) -> tuple[TensorSpec, ...]:
    return tuple(replace(t, storage=int(s)) for t, s in zip(tensors, storages, strict=True))


def _stages_equal(a: Stage, b: Stage) -> bool:
    same = (a.name, a.component, a.repeats) == (b.name, b.component, b.repeats)
    columns = ("operators", "modules", "inputs", "outputs", "grown")
    return same and all(_arrays_equal(getattr(a, c), getattr(b, c)) for c in columns)


def _arrays_equal(a: IndexArray | None, b: IndexArray | None) -> bool:
    if a is None or b is None:
        return a is b
    return np.array_equal(a, b)
