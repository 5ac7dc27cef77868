"""What the recorder sees: calls, attention kept whole, module paths, storages."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # torch's own abbreviation
from torch import nn

from tracer.capture.recorder import Call, ModulePath, Recorder, StorageTable
from tracer.graph import StorageRole

pytestmark = pytest.mark.torch

_ATTENTION = "aten::scaled_dot_product_attention"


def _meta(*shape: int, dtype: torch.dtype = torch.float16) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")


def _record(function, root: object = None) -> list[Call]:
    def kind(path: str, query_length: int, key_length: int) -> str:
        return "self" if query_length == key_length else "cross"

    return Recorder(StorageTable(), ModulePath("model", root), kind).run(function)


def _attributes(call: Call) -> dict[str, object]:
    return dict(call.attributes)


class _Branch(nn.Module):
    def forward(self, x):
        return x * 2


class _Tree(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = _Branch()
        self.twice = self.inner

    def forward(self, x):
        x = self.inner(x) + 1
        return F.relu(self.twice(x))


class TestCalls:
    def test_shapes_dtypes_strides_and_attributes(self):
        x = _meta(4, 6)
        (call, view, product) = _record(lambda: F.gelu(x, approximate="tanh").t() @ x)
        assert call.name == "aten::gelu"
        assert (call.inputs[0].shape, call.inputs[0].dtype, call.inputs[0].strides) == ((4, 6), "float16", ())
        assert _attributes(call) == {"approximate": "tanh"}
        assert view.name == "aten::t"
        assert (view.outputs[0].shape, view.outputs[0].strides) == ((6, 4), (1, 6))
        assert product.name == "aten::mm"
        assert [t.shape for t in product.inputs] == [(6, 4), (4, 6)]

    def test_lists_of_tensors_are_inputs(self):
        parts = [_meta(2, 3), _meta(2, 5)]
        (call,) = _record(lambda: torch.cat(parts, dim=1))
        assert [t.shape for t in call.inputs] == [(2, 3), (2, 5)]
        assert call.outputs[0].shape == (2, 8)
        assert _attributes(call) == {"dim": 1}

    def test_tensors_that_are_not_given_are_left_out(self):
        x, weight = _meta(1, 4, 8, 8), _meta(6, 4, 3, 3)
        (call,) = _record(lambda: F.conv2d(x, weight, padding=1, stride=2))
        assert len(call.inputs) == 2
        assert _attributes(call)["padding"] == (1, 1)
        assert _attributes(call)["stride"] == (2, 2)
        assert _attributes(call)["groups"] == 1

    def test_placement_is_no_attribute(self):
        x = _meta(4)
        (call,) = _record(lambda: x.to(dtype=torch.float32, device="meta"))
        assert call.name == "aten::_to_copy"
        assert _attributes(call) == {"dtype": "float32"}

    def test_an_infinity_becomes_a_word(self):
        x = _meta(4)
        mask = _meta(4, dtype=torch.bool)
        (call,) = _record(lambda: x.masked_fill(mask, float("-inf")))
        assert _attributes(call)["value"] == "-inf"

    def test_calls_that_give_several_tensors(self):
        x = _meta(2, 8)
        (call,) = _record(lambda: torch.topk(x, 3))
        assert [(t.shape, t.dtype) for t in call.outputs] == [((2, 3), "float16"), ((2, 3), "int64")]

    def test_gradients_are_off(self):
        module = nn.Linear(3, 3, device="meta")
        calls = _record(lambda: module(_meta(2, 3, dtype=torch.float32)), module)
        assert [c.name for c in calls] == ["aten::t", "aten::addmm"]


class TestAttention:
    def test_stays_one_call_with_its_attributes(self):
        q, k, v = _meta(2, 8, 16, 4), _meta(2, 8, 10, 4), _meta(2, 8, 10, 6)
        (call,) = _record(lambda: F.scaled_dot_product_attention(q, k, v, scale=0.25))
        assert call.name == _ATTENTION
        assert [t.shape for t in call.inputs] == [(2, 8, 16, 4), (2, 8, 10, 4), (2, 8, 10, 6)]
        assert call.outputs[0].shape == (2, 8, 16, 6)
        assert _attributes(call) == {"kind": "cross", "is_causal": False, "enable_gqa": False, "scale": 0.25}

    def test_the_mask_is_an_input(self):
        q, mask = _meta(2, 8, 16, 4), _meta(1, 1, 16, 16)
        (call,) = _record(lambda: F.scaled_dot_product_attention(q, q, q, mask))
        assert call.inputs[3].shape == (1, 1, 16, 16)

    def test_arguments_by_position(self):
        q = _meta(2, 8, 16, 4)
        (call,) = _record(lambda: F.scaled_dot_product_attention(q, q, q, None, 0.0, True))
        assert _attributes(call)["is_causal"] is True
        assert len(call.inputs) == 3

    def test_grouped_queries(self):
        q, k = _meta(2, 8, 16, 4), _meta(2, 2, 16, 4)
        (call,) = _record(lambda: F.scaled_dot_product_attention(q, k, k, enable_gqa=True))
        assert _attributes(call)["enable_gqa"] is True
        assert call.inputs[1].shape == (2, 2, 16, 4)

    def test_merging_the_heads_afterwards_is_a_view(self):
        q = _meta(2, 8, 16, 4)
        calls = _record(lambda: F.scaled_dot_product_attention(q, q, q).transpose(1, 2).reshape(2, 16, 32))
        assert [c.name for c in calls] == [_ATTENTION, "aten::transpose", "aten::view"]

    @pytest.mark.parametrize("shape", [(16, 4), (8, 16, 4), (3, 2, 8, 16, 4)])
    def test_any_rank(self, shape):
        q = _meta(*shape)
        (call,) = _record(lambda: F.scaled_dot_product_attention(q, q, q))
        assert call.outputs[0].shape == shape

    @pytest.mark.parametrize("device", ["meta", "cpu"])
    def test_inside_multi_head_attention(self, device):
        module = nn.MultiheadAttention(16, 2, batch_first=True, device=device).eval()
        x = torch.zeros(2, 5, 16, device=device)
        calls = _record(lambda: module(x, x, x, need_weights=False), module)
        attention = [c for c in calls if c.name == _ATTENTION]
        assert [c.inputs[0].shape for c in attention] == [(2, 2, 5, 8)]
        assert "aten::bmm" not in {c.name for c in calls}

    def test_torch_is_left_as_it_was(self):
        before = F.scaled_dot_product_attention
        module = nn.MultiheadAttention(16, 2, device="meta")
        with pytest.raises(AssertionError):
            _record(lambda: module(_meta(2, 5, 3), _meta(2, 5, 3), _meta(2, 5, 3)), module)
        assert F.scaled_dot_product_attention is before

    def test_values_of_real_tensors_are_true(self):
        q = torch.randn(1, 2, 5, 4)
        found = []
        _record(lambda: found.append(F.scaled_dot_product_attention(q, q, q)))
        torch.testing.assert_close(found[0], F.scaled_dot_product_attention(q, q, q))


class TestRmsNorm:
    def test_is_one_call(self):
        module = nn.RMSNorm(8, eps=1e-6, device="meta")
        (call,) = _record(lambda: module(_meta(2, 8, dtype=torch.float32)), module)
        assert call.name == "aten::_fused_rms_norm"
        assert [t.shape for t in call.inputs] == [(2, 8), (8,)]
        assert _attributes(call) == {"normalized_shape": (8,), "eps": 1e-6}

    def test_values_of_real_tensors_are_true(self):
        x, found = torch.randn(2, 8), []
        _record(lambda: found.append(F.rms_norm(x, (8,))))
        torch.testing.assert_close(found[0], F.rms_norm(x, (8,)))


class TestModulePaths:
    def test_follow_the_innermost_module(self):
        tree = _Tree()
        calls = _record(lambda: tree(_meta(3)), tree)
        # A module that two names share keeps the first of them.
        assert [(c.name, c.module) for c in calls] == [
            ("aten::mul", "model.inner"),
            ("aten::add", "model"),
            ("aten::mul", "model.inner"),
            ("aten::relu", "model"),
        ]

    def test_a_module_from_elsewhere_is_named_by_its_class(self):
        other = _Branch()
        calls = _record(lambda: other(_meta(3)), nn.Identity())
        assert [c.module for c in calls] == ["model._Branch"]

    def test_outside_any_module_it_is_the_component(self):
        x = _meta(3)
        assert [c.module for c in _record(lambda: x + 1)] == ["model"]

    def test_the_path_is_left_where_a_module_fails(self):
        class Failing(nn.Module):
            def forward(self, x):
                raise ZeroDivisionError

        class Forgiving(nn.Module):
            def __init__(self):
                super().__init__()
                self.failing = Failing()

            def forward(self, x):
                try:
                    return self.failing(x)
                except ZeroDivisionError:
                    return x + 1

        module = Forgiving()
        assert [c.module for c in _record(lambda: module(_meta(3)), module)] == ["model"]

    def test_hooks_are_gone_afterwards(self):
        path = ModulePath("model", None)
        with path.watch():
            pass
        _Branch()(torch.zeros(1))
        assert path.depth == 0


class TestStorages:
    def test_views_and_calls_in_place_keep_the_storage(self):
        x = _meta(4, 4)

        def run():
            y = x + 1
            y.view(16).mul_(3)
            return y.t() @ x

        add, view, multiply, transpose, product = _record(run)
        y = add.outputs[0].storage
        assert (view.inputs[0].storage, view.outputs[0].storage) == (y, y)
        assert (multiply.inputs[0].storage, multiply.outputs[0].storage) == (y, y)
        assert transpose.outputs[0].storage == y
        assert [t.storage for t in product.inputs] == [y, add.inputs[0].storage]
        assert product.outputs[0].storage not in (y, add.inputs[0].storage)

    def test_a_freed_storage_is_not_mistaken_for_a_new_one(self):
        x = _meta(1000)

        def run():
            y = x
            for _ in range(50):
                y = y + 1
            return y

        calls = _record(run)
        assert len({c.outputs[0].storage for c in calls}) == 50

    def test_roles_and_sizes(self):
        table = StorageTable()
        weight, x = _meta(4, 4, dtype=torch.float32), _meta(4)
        assert table.number(weight, StorageRole.PARAMETER) == 0
        assert table.number(weight.t(), StorageRole.ACTIVATION) == 0
        assert table.number(x, StorageRole.INPUT) == 1
        assert table.nbytes == [64, 8]
        assert table.roles == [StorageRole.PARAMETER, StorageRole.INPUT]


class TestFactories:
    def test_example_inputs_made_outside_modules_are_not_recorded(self):
        module = _Branch()

        def run():
            noise = torch.randn(4, device="meta")
            return module(torch.ones(4, device="meta") * noise)

        assert [c.name for c in _record(run, module)] == ["aten::mul", "aten::mul"]

    def test_inside_a_module_they_are(self):
        class Noisy(nn.Module):
            def forward(self, x):
                return x + torch.randn(4, device="meta")

        module = Noisy()
        assert [c.name for c in _record(lambda: module(_meta(4)), module)] == ["aten::randn", "aten::add"]
