"""Recording of ATen calls beneath autograd, with attention kept whole and module paths from forward hooks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from tracer.graph import AttributeValue, StorageRole, TensorSpec, attributes_from
from tracer.operators import Kind, is_in_place, kind_of

from .meta_results import MetaResults

__all__ = ["Call", "ModulePath", "Recorder", "StorageTable"]

# Arguments that say where a tensor lives, not what is computed.
_PLACEMENT_ARGUMENTS = frozenset({"device", "layout", "pin_memory", "generator", "non_blocking"})


@dataclass(frozen=True, slots=True)
class Call:
    """One recorded call before it is interned into a graph; its tensors name their storages."""

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    attributes: tuple[tuple[str, AttributeValue], ...]
    module: str


@dataclass(slots=True)
class StorageTable:
    """Numbers storages and keeps them alive, so that an address is never used twice within a capture."""

    nbytes: list[int] = field(default_factory=list)
    roles: list[int] = field(default_factory=list)
    _index: dict[int, int] = field(default_factory=dict)
    _alive: list[torch.UntypedStorage] = field(default_factory=list)

    def number(self, tensor: torch.Tensor, role: StorageRole) -> int:
        """Index of the tensor's storage; a storage that was never seen gets `role`."""
        storage = tensor.untyped_storage()
        # torch exposes the identity of a storage without data (meta) only through its C++ address.
        key = storage._cdata
        if key not in self._index:
            self._index[key] = len(self.nbytes)
            self.nbytes.append(storage.nbytes())
            self.roles.append(int(role))
            self._alive.append(storage)
        return self._index[key]

    def spec(self, tensor: torch.Tensor, role: StorageRole) -> TensorSpec:
        """Specification of a tensor with its storage's index."""
        strides = () if tensor.is_contiguous() else tuple(int(s) for s in tensor.stride())
        shape = tuple(int(n) for n in tensor.shape)
        return TensorSpec(shape, str(tensor.dtype).removeprefix("torch."), strides, self.number(tensor, role))


class ModulePath:
    """Path of the module whose forward pass is running, kept by hooks on all modules."""

    def __init__(self, component: str, root: object) -> None:
        """Paths are `component` followed by the qualified name below `root`."""
        self._component = component
        named = root.named_modules() if isinstance(root, nn.Module) else ()
        self._names = {id(m): f"{component}.{n}" if n else component for n, m in named}
        self._stack: list[str] = []

    @property
    def depth(self) -> int:
        """Number of modules entered and not left."""
        return len(self._stack)

    @property
    def current(self) -> str:
        """Path of the innermost module, or the component's name outside any."""
        return self._stack[-1] if self._stack else self._component

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Follow the modules' forward passes while the block runs."""

        def enter(module: nn.Module, inputs: Any) -> None:
            del inputs
            outside = f"{self.current}.{type(module).__name__}"
            self._stack.append(self._names.get(id(module), outside))

        def leave(module: nn.Module, inputs: Any, outputs: Any) -> None:
            del module, inputs, outputs
            self._stack.pop()

        handles = (
            register_module_forward_pre_hook(enter),
            register_module_forward_hook(leave, always_call=True),
        )
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


class Recorder:
    """Collects the calls that a callable makes.

    Parameters
    ----------
    storages : StorageTable
        Shared by all captures of one graph.
    path : ModulePath
    attention_kind : callable
        ``attention_kind(module_path, query_length, key_length) -> str``.
    """

    def __init__(
        self,
        storages: StorageTable,
        path: ModulePath,
        attention_kind: Callable[[str, int, int], str],
    ) -> None:
        """See the class."""
        self.calls: list[Call] = []
        self._storages = storages
        self._path = path
        self._attention_kind = attention_kind
        self._paused = False

    def run(self, function: Callable[[], object], *, gradients: bool = False) -> list[Call]:
        """Calls that `function` makes, in order; those of a backward pass too where gradients are kept track of."""
        with torch.set_grad_enabled(gradients), self._path.watch(), _FunctionMode(self), _DispatchMode(self):
            function()
        return self.calls

    def record(self, name: str, inputs: Sequence[Any], outputs: Any, arguments: Mapping[str, AttributeValue]) -> None:
        """Append a call, unless it only prepares example inputs."""
        if self._paused or (self._path.depth == 0 and _makes_a_tensor(name, inputs)):
            return
        self.calls.append(
            Call(
                name,
                tuple(self._storages.spec(t, StorageRole.INPUT) for t in inputs),
                tuple(self._storages.spec(t, StorageRole.ACTIVATION) for t in _tensors_in(outputs)),
                attributes_from(arguments),
                self._path.current,
            )
        )

    def record_attention(
        self, query: torch.Tensor, tensors: Sequence[torch.Tensor], arguments: Mapping[str, Any]
    ) -> torch.Tensor:
        """Append one attention call and give its output without values, in the layout of the fused kernels.

        Fused attention writes (batch, query, heads, dim) and returns it transposed, so that merging the heads
        afterwards is a view (PyTorch, aten/src/ATen/native/transformers/cuda/attention.cu).
        """
        length, value = query.shape[-2], tensors[2]
        with self.paused():
            if query.dim() < 3:
                out = query.new_empty((length, value.shape[-1]))
            else:
                *lead, heads, _, _ = query.shape
                out = query.new_empty((*lead, length, heads, value.shape[-1])).transpose(-3, -2)
        kind = self._attention_kind(self._path.current, length, value.shape[-2])
        attributes: dict[str, AttributeValue] = {
            "kind": kind,
            "is_causal": bool(arguments.get("is_causal", False)),
            "enable_gqa": bool(arguments.get("enable_gqa", False)),
        }
        if arguments.get("scale") is not None:
            attributes["scale"] = float(arguments["scale"])
        self.record("aten::scaled_dot_product_attention", tensors, out, attributes)
        return out

    def record_attention_backward(
        self,
        grad: torch.Tensor,
        saved: Sequence[torch.Tensor],
        gradients: Sequence[torch.Tensor],
        arguments: Mapping[str, Any],
    ) -> None:
        """Append the backward pass of one attention call: the output's gradient, then query, key, value and output."""
        kind = self._attention_kind(self._path.current, saved[0].shape[-2], saved[2].shape[-2])
        attributes: dict[str, AttributeValue] = {"kind": kind, "is_causal": bool(arguments.get("is_causal", False))}
        self.record("training::attention_backward", [grad, *saved], gradients, attributes)

    def record_rms_norm(
        self,
        input: torch.Tensor,  # torch's name
        normalized_shape: Sequence[int],
        weight: torch.Tensor | None = None,
        eps: float | None = None,
    ) -> torch.Tensor:
        """Append one fused RMS norm, as CUDA has it (``native_functions.yaml``: ``_fused_rms_norm``, torch 2.9)."""
        with self.paused():
            out = torch.empty_like(input)
        tensors = [input] if weight is None else [input, weight]
        arguments: dict[str, AttributeValue] = {"normalized_shape": tuple(int(n) for n in normalized_shape)}
        if eps is not None:
            arguments["eps"] = eps
        self.record("aten::_fused_rms_norm", tensors, out, arguments)
        return out

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the recorder make tensors of its own without recording that."""
        self._paused = True
        try:
            yield
        finally:
            self._paused = False


_ATTENTION = torch.nn.functional.scaled_dot_product_attention
_WHOLE = frozenset({_ATTENTION, torch.nn.functional.rms_norm, torch.rms_norm})


class _FunctionMode(TorchFunctionMode):
    """Keeps whole what decomposes on meta tensors before dispatch but is one operator on a device."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.nn.functional.multi_head_attention_forward:
            # A mode is off inside a function that it was given, so the call inside this one needs another way.
            with self._in_place_of_attention():
                return func(*args, **kwargs)
        if func not in _WHOLE or (func is not _ATTENTION and _wants_gradients(args, kwargs)):
            return func(*args, **kwargs)
        return self._whole(func, args, kwargs)

    def _whole(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.Tensor:
        record = self._attention if func is _ATTENTION else self._recorder.record_rms_norm
        out = record(*args, **kwargs)
        if not out.is_meta:
            # What follows may depend on values: an index, a condition.
            with self._recorder.paused():
                out.copy_(func(*args, **kwargs))
        return out

    @contextmanager
    def _in_place_of_attention(self) -> Iterator[None]:
        def attention(*args: Any, **kwargs: Any) -> torch.Tensor:
            return self._whole(_ATTENTION, args, kwargs)

        torch.nn.functional.scaled_dot_product_attention = attention
        try:
            yield
        finally:
            torch.nn.functional.scaled_dot_product_attention = _ATTENTION

    def _attention(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        names = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
        given = dict(zip(names, args, strict=False)) | kwargs
        tensors = [given["query"], given["key"], given["value"]]
        if given.get("attn_mask") is not None:
            tensors.append(given["attn_mask"])
        if _wants_gradients(tensors, {}):
            apply: Callable[..., torch.Tensor] = _TrainedAttention.apply
            return apply(self._recorder, given, *tensors)
        return self._recorder.record_attention(given["query"], tensors, given)


class _TrainedAttention(torch.autograd.Function):
    """Fused attention whose backward pass is one operator too."""

    @staticmethod
    def forward(ctx: Any, recorder: Recorder, given: Mapping[str, Any], *tensors: torch.Tensor) -> torch.Tensor:
        """Record the call."""
        out = recorder.record_attention(given["query"], tensors, given)
        ctx.recorder, ctx.given = recorder, given
        ctx.save_for_backward(*tensors[:3], out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Record the gradients of query, key and value; a mask has none."""
        saved = ctx.saved_tensors
        with ctx.recorder.paused():
            gradients = tuple(torch.empty_like(tensor) for tensor in saved[:3])
        ctx.recorder.record_attention_backward(grad, saved, gradients, ctx.given)
        return (None, None, *gradients, *(None for _ in ctx.needs_input_grad[5:]))


class _DispatchMode(TorchDispatchMode):
    """Sees every ATen call that reaches the device."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves this constructor untyped
        self._recorder = recorder
        self._results = MetaResults()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        outputs = self._results.call(func, args, kwargs)
        schema = func._schema
        given = dict(zip((a.name for a in schema.arguments), args, strict=False)) | kwargs
        tensors: list[torch.Tensor] = []
        plain: dict[str, AttributeValue] = {}
        for name, value in given.items():
            found = list(_tensors_in(value))
            if found:
                tensors.extend(found)
            elif value is not None and name not in _PLACEMENT_ARGUMENTS:
                plain[name] = _attribute(value)
        self._recorder.record(schema.name, tensors, outputs, plain)
        return outputs


def _wants_gradients(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether autograd follows what a call does to its tensors."""
    given = (*args, *kwargs.values())
    return torch.is_grad_enabled() and any(isinstance(t, torch.Tensor) and t.requires_grad for t in given)


def _makes_a_tensor(name: str, inputs: Sequence[Any]) -> bool:
    """Whether a call allocates or fills a tensor: outside any module that is preparation, of nobody's forward pass."""
    return kind_of(name) in (Kind.FILL, Kind.ALLOCATION) and (not inputs or is_in_place(name))


def _tensors_in(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors_in(item)


def _attribute(value: Any) -> AttributeValue:
    """Plain form of an argument; sequences become tuples, torch's enums their names."""
    if isinstance(value, list | tuple):
        return tuple(_plain(item) for item in value)
    return _plain(value)


def _plain(value: Any) -> bool | int | float | str:
    """Number or string; an infinity becomes a string, because JSON has none."""
    if isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value).removeprefix("torch.")
