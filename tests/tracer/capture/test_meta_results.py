"""Kept results of calls on meta tensors: what a call would give, and nothing that belongs to another tensor."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="tracing needs torch")

from tracer.capture.meta_results import MetaResults  # noqa: E402

pytestmark = pytest.mark.torch
aten = torch.ops.aten


class Counted:
    """An operator that counts how often it is really called."""

    def __init__(self, operator):
        self.operator, self._schema, self.calls = operator, operator._schema, 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return self.operator(*args, **kwargs)


def meta(*shape: int, dtype=torch.float16):
    return torch.empty(shape, dtype=dtype, device="meta")


def same(one, other) -> bool:
    return (one.shape, one.stride(), one.dtype) == (other.shape, other.stride(), other.dtype)


def storage(tensor) -> int:
    return tensor.untyped_storage()._cdata


@pytest.mark.parametrize(
    ("operator", "args"),
    [
        (aten.add.Tensor, (meta(4, 3).t(), meta(3, 4))),
        (aten.mul.Tensor, (meta(2, 8, dtype=torch.int64), 2.0)),
        (aten.mul.Tensor, (meta(2, 8, dtype=torch.int64), 2)),
        (aten.mm.default, (meta(2, 5), meta(5, 7))),
        (aten.native_layer_norm.default, (meta(3, 6), [6], meta(6), meta(6), 1e-5)),
        (aten._to_copy.default, (meta(1, 4, 2, 2).contiguous(memory_format=torch.channels_last),)),
        (aten.cat.default, ([meta(2, 3), meta(2, 4)], 1)),
        (aten.sum.dim_IntList, (meta(5, 0), [1])),
    ],
)
def test_the_second_call_gives_what_the_first_gave(operator, args):
    counted, results = Counted(operator), MetaResults()
    first, second = results.call(counted, args, {}), results.call(counted, args, {})
    assert counted.calls == 1
    expected = operator(*args)
    pairs = zip(second, expected, first, strict=True) if isinstance(expected, tuple) else [(second, expected, first)]
    for ours, torchs, before in pairs:
        assert same(ours, torchs)
        assert storage(ours) != storage(before)
        assert ours.untyped_storage().nbytes() == torchs.untyped_storage().nbytes()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((meta(2, 3), 1), (meta(2, 3), 1.0)),
        ((meta(2, 3), meta(2, 3)), (meta(2, 3), meta(3, 2).t())),
        ((meta(2, 3), meta(2, 3)), (meta(2, 3), meta(2, 3, dtype=torch.float32))),
        ((meta(2, 3), 1), (meta(2, 3), True)),
    ],
)
def test_other_arguments_are_another_call(one, other):
    counted, results = Counted(aten.add.Tensor), MetaResults()
    results.call(counted, one, {})
    assert same(results.call(counted, other, {}), aten.add.Tensor(*other))
    assert counted.calls == 2


@pytest.mark.parametrize(
    ("operator", "args"),
    [
        (aten.view.default, (meta(2, 6), [3, 4])),
        (aten._unsafe_view.default, (meta(2, 6), [3, 4])),
        (aten.add_.Tensor, (meta(2, 3), 1)),
        (aten.add.Tensor, (torch.zeros(2, 3), 1)),
    ],
)
def test_what_shares_a_storage_or_has_values_is_always_called(operator, args):
    counted, results = Counted(operator), MetaResults()
    for _ in range(2):
        result = results.call(counted, args, {})
    assert counted.calls == 2
    assert (storage(result) == storage(args[0])) == (operator is not aten.add.Tensor)


def test_kwargs_count():
    counted, results = Counted(aten.sum.dim_IntList), MetaResults()
    assert results.call(counted, (meta(2, 3), [1]), {"keepdim": True}).shape == (2, 1)
    assert results.call(counted, (meta(2, 3), [1]), {"keepdim": False}).shape == (2,)
    assert counted.calls == 2
