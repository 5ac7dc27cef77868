"""Graphs of modules and callables: components, growth, edges, and a whole traced model against its published size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # torch's own abbreviation
from torch import nn

from tracer.capture import trace_module
from tracer.capture.meta import GraphBuilder
from tracer.graph import GraphError, StorageRole, Workload

pytestmark = pytest.mark.torch


def _meta(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device="meta")


class _Block(nn.Module):
    """Linear layer, residual in place, and a reshaping in between."""

    def __init__(self, device: str = "meta") -> None:
        super().__init__()
        self.proj = nn.Linear(8, 8, device=device)
        self.register_buffer("scale", torch.ones(8, device=device))

    def forward(self, x):
        y = self.proj(x * self.scale).view(-1, 4, 2).transpose(0, 1)
        y = y.transpose(0, 1).reshape(x.shape)
        return y.add_(x)


class _Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 4, device="meta")
        self.head = nn.Linear(4, 10, bias=False, device="meta")
        self.head.weight = self.embed.weight

    def forward(self, tokens):
        return self.head(self.embed(tokens))


def _grown(name: str, run, *, repeats: int = 5):
    builder = GraphBuilder()
    builder.add_stage(name, "model", None, run, repeats=repeats, grows=True)
    return builder.build("grown", Workload())


class TestTrace:
    def test_a_module_on_meta(self):
        graph = trace_module(_Block(), _meta(3, 8), name="block")
        (stage,) = graph.stages
        assert (stage.name, stage.component, stage.repeats) == ("block", "block", 1)
        assert graph.workload.dtype == "float32"
        assert graph.num_parameters == 8 * 8 + 8
        assert graph.parameter_bytes == (8 * 8 + 8 + 8) * 4  # the buffer is stored, but is no parameter
        assert graph.modules == ("block", "block.proj")

    def test_real_tensors_give_the_same_graph(self):
        assert trace_module(_Block("cpu"), torch.zeros(3, 8)) == trace_module(_Block(), _meta(3, 8))

    def test_a_plain_function_with_keywords(self):
        graph = trace_module(lambda x, *, factor: x * factor, _meta(4, dtype=torch.bfloat16), factor=3, name="scale")
        assert [(o.name, o.attribute("other")) for o in graph.operators] == [("aten::mul", 3)]
        assert graph.workload.dtype == "bfloat16"
        assert graph.components == ()

    def test_a_function_of_whole_numbers_is_float32(self):
        assert trace_module(lambda x: x + 1, _meta(4, dtype=torch.int64)).workload.dtype == "float32"

    def test_a_function_that_calls_nothing(self):
        graph = trace_module(lambda x: x, _meta(4))
        assert graph.operators == ()
        assert graph.stages[0].num_calls == 0

    def test_equal_calls_are_kept_once(self):
        graph = trace_module(nn.Sequential(*[nn.Linear(4, 4, device="meta") for _ in range(12)]), _meta(2, 4))
        assert graph.stages[0].num_calls == 24
        assert len(graph.operators) == 2

    def test_attention_kinds_by_module(self):
        class Attention(nn.Module):
            def forward(self, x):
                return F.scaled_dot_product_attention(x, x, x)

        module = nn.ModuleDict({"temporal": Attention(), "other": Attention()})
        x = _meta(1, 2, 5, 4)
        graph = trace_module(
            lambda: (module["temporal"](x), module["other"](x)), name="m", attention_kinds={r"Attention$": "temporal"}
        )
        assert [o.attribute("kind") for o in graph.operators] == ["temporal"]


class TestStorages:
    def test_roles(self):
        graph = trace_module(_Block(), _meta(3, 8))
        weight, bias, scale, x = (int(graph.storage_roles[i]) for i in range(4))
        assert (weight, bias, scale, x) == (
            StorageRole.PARAMETER,
            StorageRole.PARAMETER,
            StorageRole.BUFFER,
            StorageRole.INPUT,
        )
        assert set(graph.storage_roles[4:].tolist()) == {StorageRole.ACTIVATION}
        assert graph.storage_bytes[:4].tolist() == [256, 32, 32, 96]

    def test_edges_cross_views_and_calls_in_place(self):
        graph = trace_module(_Block(), _meta(3, 8))
        (stage,) = graph.stages
        names = [op.name.removeprefix("aten::") for op in graph.ops(stage)]
        edges = {(names[a], names[b]) for a, b in graph.edges(stage)}
        assert ("mul", "addmm") in edges
        assert ("addmm", "view") in edges
        assert ("view", "add_") in edges
        # Nothing but the in-place sum reads what the last view touched.
        assert graph.edges(stage)[-1][1] == len(names) - 1


class TestParameters:
    def test_tied_weights_count_once(self):
        graph = trace_module(_Tied(), _meta(2, 3, dtype=torch.int64))
        assert graph.num_parameters == 40
        assert graph.parameter_bytes == 160

    def test_stages_that_share_a_component_count_it_once(self):
        module, x = nn.Linear(4, 4, device="meta"), _meta(2, 4)
        builder = GraphBuilder()
        builder.add_stage("prefill", "model", module, lambda repeat: module(x))
        builder.add_stage("decode", "model", module, lambda repeat: module(x[:1]), repeats=3)
        graph = builder.build("two", Workload())
        assert graph.num_parameters == 20
        assert [s.repeats for s in graph.stages] == [1, 3]
        # Both stages read the same weight.
        weights = np.flatnonzero(graph.storage_roles == StorageRole.PARAMETER)
        assert all(set(weights) <= set(s.inputs.tolist()) for s in graph.stages)

    def test_a_component_in_two_dtypes_has_the_larger_bytes(self):
        builder = GraphBuilder()
        for name, dtype in (("encode", torch.float32), ("decode", torch.float16)):
            module, x = nn.Linear(4, 4, device="meta", dtype=dtype), _meta(2, 4, dtype=dtype)
            builder.add_stage(name, "vae", module, lambda repeat, m=module, x=x: m(x))
        graph = builder.build("two", Workload())
        assert (graph.num_parameters, graph.parameter_bytes) == (20, 80)

    def test_two_sets_of_weights_need_two_names(self):
        builder = GraphBuilder()
        for name, width in (("first", 4), ("second", 8)):
            module = nn.Linear(4, width, device="meta")
            add = builder.add_stage
            if name == "first":
                add(name, "model", module, lambda repeat, m=module: m(_meta(2, 4)))
                continue
            with pytest.raises(GraphError, match="component 'model' has 20 parameters in one stage and 40 in another"):
                add(name, "model", module, lambda repeat, m=module: m(_meta(2, 4)))

    def test_the_u_net_of_stable_diffusion(self, stable_diffusion_graph):
        # huggingface.co/runwayml/stable-diffusion-v1-5, unet/diffusion_pytorch_model.safetensors.
        counts = {c.name: c.num_parameters for c in stable_diffusion_graph.components}
        assert counts["unet"] == 859_520_964


class TestGrowth:
    def test_first_and_last_repeat_are_kept(self):
        graph = _grown("decode", lambda repeat: torch.cat([_meta(1, 3 + repeat), _meta(1, 1)], dim=1))
        (stage,) = graph.stages
        assert graph.operators[stage.operators[0]].outputs[0].shape == (1, 4)
        assert graph.operators[stage.grown[0]].outputs[0].shape == (1, 8)
        # Storages have the size of the last repeat.
        assert graph.storage_bytes[stage.outputs[0]] == 8 * 4

    def test_what_does_not_grow_is_the_same_operator(self):
        def run(repeat):
            return _meta(2, 2) + 1, _meta(3 + repeat) + 1

        stage = _grown("decode", run).stages[0]
        assert stage.operators[0] == stage.grown[0]
        assert stage.operators[1] != stage.grown[1]

    def test_a_single_repeat_does_not_grow(self):
        assert _grown("decode", lambda repeat: _meta(3 + repeat) + 1, repeats=1).stages[0].grown is None

    @pytest.mark.parametrize(
        ("run", "said"),
        [
            (lambda repeat: [_meta(2) + 1 for _ in range(repeat + 1)], "makes 1 calls in its first repeat and 5 in"),
            (lambda repeat: _meta(2) + 1 if repeat else _meta(2) * 2, "call 0: aten::mul in model becomes aten::add"),
            (lambda repeat: _meta(*(2,) * (repeat + 1)) + 1, "call 0: aten::add in model becomes"),
            (lambda repeat: _meta(2).sum(dim=0, keepdim=repeat > 0) + 1, "call 0"),
            (lambda repeat: _meta(2) + (_meta(2) if repeat else 1), "call 0"),
            (lambda repeat: _meta(2, dtype=torch.float16 if repeat else torch.float32) + 1, "call 0"),
        ],
        ids=["number", "name", "rank", "rank of an output", "tensors", "dtype"],
    )
    def test_repeats_that_differ_in_more_than_extents(self, run, said):
        with pytest.raises(GraphError, match=said) as caught:
            _grown("decode", run)
        assert str(caught.value).startswith("stage 'decode'")
        assert str(caught.value).endswith("a growing stage must make the same calls in every repeat")


class TestGradients:
    class _Step(nn.Module):
        def __init__(self, *layers: nn.Module) -> None:
            super().__init__()
            self.layers = nn.Sequential(*layers)

        def forward(self, x):
            self.layers(x).sum().backward()

    def test_a_backward_pass_has_two_products_for_each_of_the_forward_pass(self):
        step = self._Step(nn.Linear(8, 16, device="meta"), nn.GELU(), nn.Linear(16, 4, device="meta"))
        graph = trace_module(step, _meta(3, 8), gradients=True)
        names = [graph.operators[i].name for i in graph.stages[0].operators]
        # The input of the first layer wants no gradient.
        assert names.count("aten::addmm") + names.count("aten::mm") == 2 + 3
        assert names.count("aten::gelu_backward") == 1

    def test_without_gradients_there_is_no_backward_pass(self):
        with pytest.raises(RuntimeError, match="grad"):
            trace_module(self._Step(nn.Linear(8, 4, device="meta")), _meta(3, 8))

    def test_fused_attention_has_a_backward_pass_of_its_own(self):
        class Attention(nn.Module):
            def forward(self, x):
                return F.scaled_dot_product_attention(x, x, x[..., :4], is_causal=True)

        step = self._Step(nn.Linear(8, 8, device="meta"), Attention())
        graph = trace_module(step, _meta(1, 2, 6, 8), gradients=True)
        (forward,) = (op for op in graph.operators if op.name == "aten::scaled_dot_product_attention")
        (backward,) = (op for op in graph.operators if op.name == "training::attention_backward")
        assert forward.outputs[0].shape == (1, 2, 6, 4)
        # The output's gradient, query, key, value and the output; the gradients of the three in the middle.
        whole, narrow = (1, 2, 6, 8), (1, 2, 6, 4)
        assert [t.shape for t in backward.inputs] == [narrow, whole, whole, narrow, narrow]
        assert [t.shape for t in backward.outputs] == [whole, whole, narrow]
        assert backward.attribute("is_causal") is True

    def test_a_norm_that_is_one_kernel_forward_is_its_parts_where_it_has_gradients(self):
        step = self._Step(nn.RMSNorm(8, device="meta"))
        names = {op.name for op in trace_module(step, _meta(3, 8), gradients=True).operators}
        assert "aten::_fused_rms_norm" not in names
        assert "aten::rsqrt" in names
