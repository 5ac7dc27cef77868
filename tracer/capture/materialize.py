"""Pipelines that were written for the meta device, on a real one, with random weights and inputs.

Nothing of a pipeline changes. While its modules are built, tensors that it makes on ``meta`` are made on the real
device instead, so that tables and indices have their true values; parameters alone, and what is computed from them,
are left without data until a stage needs them. While a stage runs, the example inputs that it makes on ``meta`` become
random tensors, the same ones in every run, so that making them is no part of what is measured.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

from .machine.memory import CaptureMemoryError, free_memory

__all__ = ["ExampleInputs", "built_without_weights", "chosen_repeats", "drop_weights", "fill_weights"]

# Nothing says how many rows a table has that an integer input looks up; all published ones have more than these.
_INDEX_BOUND = 8


@contextmanager
def built_without_weights(device: torch.device) -> Iterator[None]:
    """Put what is built for ``meta`` on `device`, and leave parameters on ``meta``."""
    redirect = _Redirect(device)

    # torch's annotation says that the hook returns nothing; what it returns is registered instead.
    def forget(module: nn.Module, name: str, parameter: nn.Parameter | None) -> Any:
        del module, name
        if parameter is None or parameter.is_meta:
            return None
        with redirect.paused():
            return _without_data(parameter)

    handle = register_module_parameter_registration_hook(forget)
    try:
        with redirect:
            yield
    finally:
        handle.remove()


def fill_weights(module: nn.Module, device: torch.device, *, seed: int = 0) -> None:
    """Give parameters and buffers without data values on `device`, in place; shared ones stay shared.

    Matrices and filters are uniform with variance 1/inputs, so that activations keep their size; vectors called weight
    (of norms) are one and other vectors zero. Buffers are zero, which is an index into any table.

    Raises
    ------
    CaptureMemoryError
        The weights are larger than the free memory of the device.
    """
    empty = {id(p): p for p in module.parameters() if p.is_meta}
    needed, free = sum(p.numel() * p.element_size() for p in empty.values()), free_memory(device)
    if needed > free:
        raise CaptureMemoryError(
            f"{type(module).__name__} has {needed / 1e9:.1f} GB of weights and {device} has {free / 1e9:.1f} GB free; "
            "take a smaller model or dtype"
        )
    generator = torch.Generator(device).manual_seed(seed)
    made: dict[int, nn.Parameter] = {}
    for owner in module.modules():
        for name, parameter in owner.named_parameters(recurse=False):
            if not parameter.is_meta:
                continue
            if id(parameter) not in made:
                made[id(parameter)] = _random_parameter(name, parameter, generator)
            setattr(owner, name, made[id(parameter)])
        for name, buffer in owner.named_buffers(recurse=False):
            if buffer.is_meta:
                setattr(owner, name, torch.zeros(buffer.shape, dtype=buffer.dtype, device=device))


def drop_weights(module: nn.Module) -> None:
    """Put all parameters back on ``meta`` and free their memory; shared ones stay shared."""
    dropped: dict[int, nn.Parameter] = {}
    for owner in module.modules():
        for name, parameter in owner.named_parameters(recurse=False):
            if id(parameter) not in dropped:
                dropped[id(parameter)] = _without_data(parameter)
            setattr(owner, name, dropped[id(parameter)])


def _without_data(parameter: nn.Parameter) -> nn.Parameter:
    return nn.Parameter(torch.empty_like(parameter, device="meta"), requires_grad=parameter.requires_grad)


def _random_parameter(name: str, like: nn.Parameter, generator: torch.Generator) -> nn.Parameter:
    data = torch.empty(like.shape, dtype=like.dtype, device=generator.device)
    if like.ndim < 2:
        data.fill_(1 if name == "weight" else 0)
    else:
        fan_in = max(math.prod(like.shape[1:]), 1)
        _fill_uniform(data, math.sqrt(3 / fan_in), generator)
    return nn.Parameter(data, requires_grad=like.requires_grad)


def _fill_uniform(data: torch.Tensor, bound: float, generator: torch.Generator) -> None:
    """Uniform values in [-bound, bound]; formats that torch cannot draw are rounded from float32, slice by slice."""
    if data.dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        data.uniform_(-bound, bound, generator=generator)
    elif data.dtype.is_floating_point:
        for part in data:
            drawn = torch.empty(part.shape, device=data.device).uniform_(-bound, bound, generator=generator)
            part.copy_(drawn.to(data.dtype))
    else:
        data.random_(0, 2, generator=generator)


class _Redirect(TorchFunctionMode):
    """Arguments that name the meta device name the real one instead, unless a tensor without data takes part."""

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._device = device
        self._paused = False

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call the function with other arguments. What is computed from a parameter has no data either."""
        kwargs = kwargs or {}
        # Reading the arguments of Module.to is no computation: parameters must stay where they are.
        if self._paused or func is torch._C._nn._parse_to:
            return func(*args, **kwargs)
        without_data = any(_is_meta(value) for value in _leaves((args, kwargs)))
        changed = tree_map(_data_dropped if without_data else self._real, (args, dict(kwargs)))
        return func(*changed[0], **changed[1])

    def _real(self, value: Any) -> Any:
        if isinstance(value, torch.device):
            return self._device if value.type == "meta" else value
        return self._device if isinstance(value, str) and value == "meta" else value

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let a block make tensors on ``meta``."""
        self._paused = True
        try:
            yield
        finally:
            self._paused = False


@dataclass(slots=True)
class _Made:
    """Inputs that a run has made, in order, to be given out again in the next."""

    tensors: list[torch.Tensor] = field(default_factory=list)
    next: int = 0


class ExampleInputs(_Redirect):
    """Runs stages on random inputs.

    Parameters
    ----------
    device : torch.device
    seed : int
    """

    def __init__(self, device: torch.device, *, seed: int = 0) -> None:
        """See the class."""
        super().__init__(device)
        self._generator = torch.Generator(device).manual_seed(seed)
        self._made: dict[object, _Made] = {}
        self._current = _Made()
        self._stand_ins: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def run(self, function: Callable[[Any, int], object], module: nn.Module, repeat: int) -> object:
        """Call ``function(module, repeat)``; inputs of an earlier call of that repeat are used again."""
        self._current = self._made.setdefault(repeat, _Made())
        self._current.next = 0
        with self:
            return function(_Entry(module, self), repeat)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Leave the stack of modes, on top of which this one is, for a block that must not be slowed down."""
        mode: Any = self
        mode.__exit__(None, None, None)
        try:
            yield
        finally:
            mode.__enter__()

    def forget(self, repeat: int) -> None:
        """Free the inputs of a repeat."""
        self._made.pop(repeat, None)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Give out a random tensor for an empty one on ``meta``; redirect everything else."""
        kwargs = dict(kwargs or {})
        device = kwargs.get("device")
        if func is torch.empty and device is not None and torch.device(device).type == "meta":
            return self._next(*args, **kwargs)
        given, named = self.with_data((args, kwargs))
        return super().__torch_function__(func, types, given, named)

    def with_data(self, values: Any) -> Any:
        """The same with a random tensor for each that has no data; the same one each time."""
        return tree_map(lambda value: self._stand_in(value) if _is_meta(value) else value, values)

    def _next(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        made, position = self._current, self._current.next
        made.next += 1
        if position == len(made.tensors):
            made.tensors.append(self._random(*args, **kwargs))
        return made.tensors[position]

    def _stand_in(self, tensor: torch.Tensor) -> torch.Tensor:
        if id(tensor) not in self._stand_ins:
            # Kept beside it, so that its identity is not given to another tensor.
            made = self._random(tuple(tensor.shape), dtype=tensor.dtype, device="meta")
            self._stand_ins[id(tensor)] = (tensor, made)
        return self._stand_ins[id(tensor)][1]

    def _random(self, *shape: Any, dtype: torch.dtype | None = None, device: object, **options: Any) -> torch.Tensor:
        """Normal numbers, true, or small indices."""
        del device
        out = torch.empty(*shape, dtype=dtype, device=self._device, **options)
        if out.dtype is torch.bool:
            return out.fill_(True)
        if out.dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
            return out.normal_(generator=self._generator)
        return out.copy_(torch.randint(0, _INDEX_BOUND, out.shape, generator=self._generator, device=self._device))


def _leaves(values: Any) -> Iterator[Any]:
    if isinstance(values, list | tuple):
        for value in values:
            yield from _leaves(value)
    elif isinstance(values, Mapping):
        yield from _leaves(list(values.values()))
    else:
        yield values


def _is_meta(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.is_meta


def _data_dropped(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and not value.is_meta:
        return torch.empty_like(value, device="meta")
    return value


class _Entry:
    """A module, or part of one, whose code runs without redirection: what it makes is on its own device."""

    def __init__(self, wrapped: Any, inputs: ExampleInputs) -> None:
        self._wrapped = wrapped
        self._inputs = inputs

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._wrapped, name)
        return _Entry(value, self._inputs) if isinstance(value, nn.Module) or inspect.ismethod(value) else value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with self._inputs.suspended():
            given, named = self._inputs.with_data((args, kwargs))
            return self._wrapped(*given, **named)


def chosen_repeats(repeats: int, limit: int | None, *, grows: bool) -> Sequence[int]:
    """Repeats of a stage to run: the first `limit`, or as many from first to last where shapes grow."""
    count = repeats if limit is None else min(repeats, limit)
    if not grows:
        return range(count)
    return sorted({round(i * (repeats - 1) / max(count - 1, 1)) for i in range(count)})
