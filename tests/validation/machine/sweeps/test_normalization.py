"""Norms and softmax as cases."""

from __future__ import annotations

import pytest

from tracer.graph import Op, TensorSpec, attributes_from
from validation.machine.sweeps.normalization import RUNNERS, from_operator


def _op(name: str, shape: tuple[int, ...], **attributes: object) -> Op:
    return Op(name, (TensorSpec(shape, "float16"),), (), attributes_from(attributes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("op", "name", "attributes"),
    [
        (_op("aten::native_group_norm", (1, 8, 4), group=2, eps=1e-5), "aten::group_norm", {"num_groups": 2}),
        (
            _op("aten::native_layer_norm", (4, 8), normalized_shape=(8,)),
            "aten::layer_norm",
            {"normalized_shape": (8,)},
        ),
        (_op("aten::_fused_rms_norm", (4, 8), normalized_shape=(8,)), "aten::rms_norm", {"normalized_shape": (8,)}),
        (_op("aten::_softmax", (4, 8), dim=-1, half_to_float=False), "aten::softmax", {"dim": -1}),
    ],
)
def test_public_names(op: Op, name: str, attributes: dict[str, object]) -> None:
    case = from_operator(op)
    assert case is not None
    assert (case.op, dict(case.attributes)) == (name, attributes)


def test_runners_normalise() -> None:
    torch = pytest.importorskip("torch")
    x = torch.randn(4, 8, 16)
    grouped = RUNNERS["aten::group_norm"]([x], {"num_groups": 2})()
    assert grouped.view(4, 2, -1).mean(-1).abs().max() < 1e-5
    rows = RUNNERS["aten::layer_norm"]([x], {"normalized_shape": (16,)})()
    assert rows.mean(-1).abs().max() < 1e-5
    squares = RUNNERS["aten::rms_norm"]([x], {"normalized_shape": (16,)})()
    assert torch.allclose(squares.pow(2).mean(-1), torch.ones(4, 8), atol=1e-3)
    assert torch.allclose(RUNNERS["aten::softmax"]([x], {"dim": -1})().sum(-1), torch.ones(4, 8))
