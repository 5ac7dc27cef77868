from __future__ import annotations

import pytest

from simulator.kernels import Kernel, Product, Scatter
from simulator.lowering.graphs.growth import grown_kernels, interpolate
from tracer.graph import GraphError, Op, TensorSpec


def _t(storage: int, *shape: int) -> TensorSpec:
    return TensorSpec(shape, "float16")


def _op(name: str, inputs: list[TensorSpec], *outputs: TensorSpec, **attributes: object) -> Op:
    return Op(f"aten::{name}", tuple(inputs), tuple(outputs), tuple(sorted(attributes.items())))


def _product(rows: int, inner: int = 4) -> Op:
    return _op("mm", [_t(0, rows, inner), _t(1, inner, 8)], _t(2, rows, 8))


def test_extents_are_affine():
    first, last = _product(4), _product(14)
    assert [interpolate(first, last, at).inputs[0].shape[0] for at in (0, 0.5, 1)] == [4, 9, 14]
    assert interpolate(first, first, 0.3) is first


def test_attributes_too_but_never_beyond_what_both_say():
    first, last = (_op("slice", [_t(0, n)], _t(0, n), start=n, end=2**63 - 1, dim=0) for n in (4, 8))
    between = interpolate(first, last, 0.5)
    assert dict(between.attributes) == {"start": 6, "end": 2**63 - 1, "dim": 0}


def test_a_layout_is_that_of_the_last_repeat():
    strided = TensorSpec((2, 1, 4), "float16", (32, 4, 1))
    full = TensorSpec((2, 8, 4), "float16")
    for pair in ((strided, full), (TensorSpec((2, 1, 4), "float16"), TensorSpec((2, 8, 4), "float16", (64, 4, 1)))):
        first, last = (Op("aten::clone", (t,), (t,)) for t in pair)
        assert bool(interpolate(first, last, 0).inputs[0].strides) == bool(pair[1].strides)


@pytest.mark.parametrize(
    "last",
    [
        _op("mm", [_t(0, 4, 4)], _t(2, 4, 8)),
        _op("mm", [_t(0, 4, 4, 1), _t(1, 4, 8)], _t(2, 4, 8)),
        _op("mm", [_t(0, 4, 4), _t(1, 4, 8)], _t(2, 4, 8), extra=1),
    ],
    ids=["tensors", "rank", "attributes"],
)
def test_what_cannot_be_interpolated(last):
    with pytest.raises(GraphError, match=r"^aten::mm has other tensors or attributes in the last repeat$"):
        interpolate(_product(4), last, 0.5)


def _kernel(length: float) -> Product:
    return Product(name="gemm", number_format="fp16", matrix_flops=2.0 * length**2, m=length, n=8.0, k=4.0)


def test_kernels_lie_on_the_parabola_through_three_repeats():
    grown = grown_kernels((_kernel(1.0), _kernel(3.0), _kernel(5.0)), 5)
    assert [kernel.m for kernel in grown] == pytest.approx([1, 2, 3, 4, 5])
    assert [kernel.matrix_flops for kernel in grown] == pytest.approx([2, 8, 18, 32, 50])
    assert {(kernel.n, kernel.k) for kernel in grown} == {(8.0, 4.0)}


def test_two_repeats_are_their_own():
    assert [kernel.m for kernel in grown_kernels((_kernel(1.0), _kernel(5.0), _kernel(5.0)), 2)] == [1, 5]


def test_nothing_grows_below_nothing():
    # The parabola through 4, 0 and 0 is at -0.5 at the fourth of five repeats.
    points = tuple(_kernel(length) for length in (4.0, 0.0, 0.0))
    assert [kernel.m for kernel in grown_kernels(points, 5)] == pytest.approx([4, 1.5, 0, 0, 0])


def test_kernels_of_different_families_do_not_become_one_another():
    other: Kernel = Scatter(name="write", number_format="fp16", rows=1, row_length=1)
    with pytest.raises(GraphError, match="gemm of the last repeat is another kind of kernel"):
        grown_kernels((other, _kernel(1.0), _kernel(2.0)), 3)
