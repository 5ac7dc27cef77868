"""Operator of a table's row: what its shapes, dtype and attributes leave unsaid is filled in as PyTorch has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hw_specs import torch_dtype
from tracer.graph import AttributeValue, Op, TensorSpec, attributes_from
from tracer.operators import infer_outputs

__all__ = ["operator_of_row"]

Tensors = tuple[TensorSpec, ...]

# Attributes of a row that say something about the tensors or the measurement, not to the operator.
_OF_THE_ROW = frozenset(
    {"backward", "cache", "input_strides", "input_dtypes", "bias", "mask_dtype", "mask_shape", "to"}
)


def operator_of_row(name: str, shapes: Sequence[Sequence[int]], dtype: str, attributes: Mapping[str, Any]) -> Op:
    """ATen call of a row.

    Parameters
    ----------
    name : str
        ``aten::conv2d``.
    shapes : sequence of sequence of int
        In ATen's argument order. Biases, and weights of normalizations, may be left out; empty ones are passed over.
    dtype : str
        Of all tensors, but for indices, conditions and those that the attribute ``input_dtypes`` tells apart.
    attributes : mapping
        As :mod:`validation.machine.sweeps` writes them: arguments of the operator by name; ``input_strides`` in
        elements; ``bias``; ``mask_shape`` and ``mask_dtype`` of attention; ``to``, the dtype of a cast. Those of
        convolutions that are left out have torch's defaults; ``padding`` may be ``same``.

    Raises
    ------
    ValueError
        Shapes are missing, a dtype is unknown, or the result does not follow from them.
    """
    given = {key: _plain(value) for key, value in attributes.items()}
    inputs = _tensors(name, shapes, torch_dtype(dtype), given)
    if not inputs:
        raise ValueError(f"{name}: no shapes")
    inputs += _LEFT_OUT.get(name, _nothing)(inputs, given)
    arguments = {key: value for key, value in given.items() if key not in _OF_THE_ROW}
    if "to" in given:
        arguments["dtype"] = given["to"]
    if "conv" in name and len(inputs) > 1:
        arguments = _convolution(name, inputs, arguments)
    if name == "aten::linear" and len(inputs) > 1 and inputs[0].itemsize == 1:
        return _scaled_product(inputs, arguments)
    call = Op(name, inputs, (), attributes_from(arguments))
    outputs = infer_outputs(call)
    if not outputs:
        raise ValueError(f"{name}: no result follows from the shapes and attributes")
    return Op(name, inputs, outputs, call.attributes)


def _scaled_product(inputs: Tensors, arguments: Mapping[str, Any]) -> Op:
    """A linear layer of 8-bit operands, which torch has as a scaled product with wider results."""
    data, weight = inputs[:2]
    columns, reduced = weight.shape
    out = torch_dtype(str(arguments.get("out_dtype", "bfloat16")))
    product = TensorSpec((*data.shape[:-1], columns), out)
    return Op("aten::_scaled_mm", (data, TensorSpec((reduced, columns), weight.dtype)), (product,))


def _tensors(name: str, shapes: Sequence[Sequence[int]], dtype: str, given: dict[str, Any]) -> Tensors:
    strides, dtypes = given.get("input_strides") or (), given.get("input_dtypes") or ()
    found = []
    for index, shape in enumerate(shapes):
        if not shape:
            continue
        own = dtypes[index] if index < len(dtypes) else _DTYPES.get((name, index), dtype)
        steps = tuple(strides[index]) if index < len(strides) else ()
        spec = TensorSpec(tuple(shape), torch_dtype(own), steps)
        found.append(TensorSpec(spec.shape, spec.dtype) if spec.is_contiguous else spec)
    return tuple(found)


def _plain(value: Any) -> AttributeValue | Any:
    """Lists of JSON as the tuples that attributes are."""
    return tuple(_plain(item) for item in value) if isinstance(value, list) else value


def _convolution(name: str, inputs: Tensors, given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a convolution with torch's defaults, groups as the shapes have them."""
    data, weight = inputs[:2]
    taps, channels = weight.shape[2:], weight.shape[1]
    found = {"stride": (1,) * len(taps), "padding": (0,) * len(taps), **given}
    if found["padding"] == "same":
        found["padding"] = tuple((n - 1) // 2 for n in taps)
    transposed = "transpose" in name or given.get("transposed")
    if len(data.shape) > 1 and data.shape[1] != channels and not transposed:
        found.setdefault("groups", data.shape[1] // channels)
    return found


# Arguments whose dtype is never that of the data.
_DTYPES: Mapping[tuple[str, int], str] = {
    ("aten::embedding", 1): "int64",
    ("aten::index_select", 1): "int64",
    ("aten::gather", 1): "int64",
    ("aten::index", 1): "int64",
    ("aten::scatter", 1): "int64",
    ("aten::scatter_add", 1): "int64",
    ("aten::index_add", 1): "int64",
    ("aten::take_along_dim", 1): "int64",
    ("aten::where", 0): "bool",
    ("aten::masked_fill", 1): "bool",
}


def _nothing(inputs: Tensors, given: dict[str, Any]) -> Tensors:
    return ()


def _bias(inputs: Tensors, given: dict[str, Any]) -> Tensors:
    """Bias of a layer whose weight has the outputs first."""
    return _vectors(inputs[1].shape[0], inputs, 1) if given.get("bias") and len(inputs) == 2 else ()


def _transposed_bias(inputs: Tensors, given: dict[str, Any]) -> Tensors:
    if not given.get("bias") or len(inputs) != 2:
        return ()
    return _vectors(inputs[1].shape[1] * int(given.get("groups", 1)), inputs, 1)


def _mask(inputs: Tensors, given: dict[str, Any]) -> Tensors:
    if "mask_shape" not in given:
        return ()
    return (TensorSpec(given["mask_shape"], torch_dtype(str(given.get("mask_dtype", inputs[0].dtype)))),)


def _channel_parameters(count: int) -> Callable[[Tensors, dict[str, Any]], Tensors]:
    """Parameters of a norm with a value for each channel."""

    def add(inputs: Tensors, given: dict[str, Any]) -> Tensors:
        return _vectors(inputs[0].shape[1], inputs, count) if len(inputs) == 1 else ()

    return add


def _row_parameters(count: int) -> Callable[[Tensors, dict[str, Any]], Tensors]:
    """Parameters of a norm over the last axes, which a row that does not name them takes for the last one."""

    def add(inputs: Tensors, given: dict[str, Any]) -> Tensors:
        shape = given.setdefault("normalized_shape", inputs[0].shape[-1:])
        return (TensorSpec(tuple(shape), inputs[0].dtype),) * count if len(inputs) == 1 else ()

    return add


def _vectors(length: int, inputs: Tensors, count: int) -> Tensors:
    return (TensorSpec((length,), inputs[0].dtype),) * count


_LEFT_OUT: Mapping[str, Callable[[Tensors, dict[str, Any]], Tensors]] = {
    **dict.fromkeys(("aten::linear", "aten::conv1d", "aten::conv2d", "aten::conv3d"), _bias),
    **{f"aten::conv_transpose{n}d": _transposed_bias for n in (1, 2, 3)},
    "aten::scaled_dot_product_attention": _mask,
    "aten::group_norm": _channel_parameters(2),
    "aten::batch_norm": _channel_parameters(4),
    "aten::layer_norm": _row_parameters(2),
    "aten::rms_norm": _row_parameters(1),
}
