"""One operator call to measure, as a row of the table of measured kernels names it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracer.graph import AttributeValue, TensorSpec

if TYPE_CHECKING:
    import torch

__all__ = ["CaseNotRunnableError", "KernelCase", "Runner", "Shapes", "contiguous", "make_tensor", "make_tensors"]

Shapes = tuple[tuple[int, ...], ...]

#: ``runner(tensors, attributes)`` makes what else the operator needs (weights of a norm) and returns the call.
Runner = Callable[[Sequence[Any], Mapping[str, AttributeValue]], Callable[[], object]]


class CaseNotRunnableError(ValueError):
    """A call that cannot be measured here, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelCase:
    """An operator call.

    Attributes
    ----------
    op : str
        ATen name.
    input_shapes : tuple of tuple of int
        In ATen's argument order; parameters of norms and biases are not listed.
    dtype : str
        torch's name.
    attributes : tuple of (str, value)
        Sorted by name.
    input_strides : tuple of tuple of int
        Steps in elements, one entry an input or none at all; an empty entry is contiguous.
    """

    op: str
    input_shapes: Shapes
    dtype: str
    attributes: tuple[tuple[str, AttributeValue], ...] = ()
    input_strides: Shapes = ()

    @property
    def nbytes(self) -> int:
        """Bytes of all inputs, and as much again as the largest of them for the result. [B]"""
        sizes = [TensorSpec(s, self.dtype, p).nbytes for s, p in zip(self.input_shapes, self.strides, strict=True)]
        return sum(sizes) + max(sizes, default=0)

    @property
    def strides(self) -> Shapes:
        """Strides of every input, empty where it is contiguous."""
        return self.input_strides or ((),) * len(self.input_shapes)

    def columns(self) -> dict[str, str]:
        """``op``, ``input_shapes``, ``dtype`` and ``attributes`` as texts."""
        attributes: dict[str, Any] = dict(self.attributes)
        if any(self.input_strides):
            attributes["input_strides"] = self.input_strides
        return {
            "op": self.op,
            "input_shapes": json.dumps(self.input_shapes),
            "dtype": self.dtype,
            "attributes": json.dumps(attributes, sort_keys=True),
        }


def contiguous(case_op: str, *shapes: tuple[int, ...], dtype: str, **attributes: AttributeValue) -> KernelCase:
    """Case on contiguous inputs."""
    return KernelCase(op=case_op, input_shapes=shapes, dtype=dtype, attributes=tuple(sorted(attributes.items())))


def make_tensors(case: KernelCase, device: torch.device, generator: torch.Generator) -> list[torch.Tensor]:
    """Random inputs of a case, with its strides."""
    return [
        make_tensor(TensorSpec(shape, case.dtype, strides), device, generator)
        for shape, strides in zip(case.input_shapes, case.strides, strict=True)
    ]


def make_tensor(spec: TensorSpec, device: torch.device, generator: torch.Generator) -> torch.Tensor:
    """Random tensor of a shape, dtype and strides: normal numbers, or 0 and 1 where the dtype is not floating.

    Raises
    ------
    CaseNotRunnableError
        torch has no such dtype.
    """
    import torch

    dtype = getattr(torch, spec.dtype, None)
    if not isinstance(dtype, torch.dtype):
        raise CaseNotRunnableError(f"torch has no dtype {spec.dtype}")
    if device.type == "meta":
        strides = spec.strides or torch.empty(spec.shape, device="meta").stride()
        return torch.empty_strided(spec.shape, strides, dtype=dtype, device=device)
    elements = _storage_elements(spec)
    if dtype.is_floating_point and dtype.itemsize > 1:
        flat = torch.empty(elements, dtype=dtype, device=device).normal_(generator=generator)
    elif dtype.is_floating_point:
        flat = torch.empty(elements, device=device).normal_(generator=generator).to(dtype)
    else:
        flat = torch.randint(0, 2, (elements,), generator=generator, device=device).to(dtype)
    return flat.view(spec.shape) if not spec.strides else flat.as_strided(spec.shape, spec.strides)


def _storage_elements(spec: TensorSpec) -> int:
    """Elements from the first to the last that the tensor refers to."""
    if not spec.strides:
        return math.prod(spec.shape)
    return 1 + sum((n - 1) * step for n, step in zip(spec.shape, spec.strides, strict=True))
