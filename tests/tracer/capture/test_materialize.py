"""Pipelines for the meta device on a real one."""

from __future__ import annotations

import math
from typing import Any

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from tracer.capture.machine.memory import CaptureMemoryError  # noqa: E402
from tracer.capture.materialize import ExampleInputs, built_without_weights, chosen_repeats, drop_weights, fill_weights  # noqa: E402
from tracer.workloads.construction import meta_construction  # noqa: E402

CPU = torch.device("cpu")


class _Tied(nn.Module):
    """A table that is also the output matrix, a buffer of positions and a tensor that is no buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(16, 8)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 16, bias=False)
        self.head.weight = self.embed.weight
        self.register_buffer("positions", torch.arange(6))
        self.frequencies = torch.linspace(0, 1, 8)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.embed(tokens + self.positions) * self.frequencies))


def _build() -> _Tied:
    with built_without_weights(CPU), meta_construction("float32"):
        return _Tied().eval()


def test_parameters_have_no_data_and_everything_else_its_true_values() -> None:
    module = _build()
    assert all(p.is_meta for p in module.parameters())
    assert module.positions.tolist() == [0, 1, 2, 3, 4, 5]
    assert torch.equal(module.frequencies, torch.linspace(0, 1, 8))


def test_what_is_computed_from_parameters_while_building_has_no_data() -> None:
    with built_without_weights(CPU):
        with meta_construction("float32"):
            module = nn.Conv2d(2, 2, 1)
            shift = torch.ones(2, 1, 1)
        cache = module(torch.empty(1, 2, 4, 4, device="meta")) + shift
    assert (cache.is_meta, shift.is_meta, tuple(cache.shape)) == (True, False, (1, 2, 4, 4))


def test_a_module_that_is_moved_to_meta_as_a_whole_keeps_its_buffers() -> None:
    with built_without_weights(CPU):
        with meta_construction("float32"):
            module = _Tied()
        module = module.to("meta")
    assert module.head.weight.is_meta
    assert module.positions.tolist() == [0, 1, 2, 3, 4, 5]


def test_buffers_without_data_become_zero() -> None:
    module = nn.Module()
    module.register_buffer("index", torch.empty(3, dtype=torch.int64, device="meta"))
    fill_weights(module, CPU)
    assert module.index.tolist() == [0, 0, 0]


def test_filled_weights_keep_ties_dtypes_and_the_size_of_activations() -> None:
    module = _build()
    fill_weights(module, CPU)
    assert module.head.weight is module.embed.weight
    assert not any(p.is_meta for p in module.parameters())
    assert torch.equal(module.norm.weight, torch.ones(8))
    assert torch.equal(module.norm.bias, torch.zeros(8))
    # Uniform with variance 1/8: bound sqrt(3/8).
    assert module.embed.weight.abs().max() <= math.sqrt(3 / 8)
    out = module(torch.zeros(2, 6, dtype=torch.int64))
    assert out.shape == (2, 6, 16)
    assert torch.isfinite(out).all()


def test_dropped_weights_are_on_meta_again_and_still_tied() -> None:
    module = _build()
    fill_weights(module, CPU)
    drop_weights(module)
    assert all(p.is_meta for p in module.parameters())
    assert module.head.weight is module.embed.weight
    fill_weights(module, CPU)
    assert not module.embed.weight.is_meta


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.int8])
def test_every_dtype_of_weights_can_be_filled(dtype: torch.dtype) -> None:
    module = nn.Module()
    module.weight = nn.Parameter(torch.empty(4, 8, dtype=dtype, device="meta"), requires_grad=False)
    fill_weights(module, CPU)
    assert module.weight.dtype is dtype
    assert module.weight.float().abs().sum() > 0


def test_same_seed_same_weights() -> None:
    first, second = _build(), _build()
    fill_weights(first, CPU, seed=3)
    fill_weights(second, CPU, seed=3)
    assert torch.equal(first.embed.weight, second.embed.weight)


def test_weights_larger_than_memory_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracer.capture.materialize.free_memory", lambda device: 100)
    with pytest.raises(CaptureMemoryError, match=r"_Tied has .* GB of weights and cpu has .* free; take"):
        fill_weights(_build(), CPU)


def _spec_run(module: Any, repeat: int) -> Any:
    tokens = torch.empty((2, 6), dtype=torch.int64, device="meta")
    scale = torch.empty((2, 6, 16), dtype=torch.bfloat16, device="meta")
    mask = torch.empty((2, 6, 1), dtype=torch.bool, device="meta")
    return tokens, scale, mask, module(tokens)


def test_inputs_are_random_and_the_same_in_every_run_of_a_repeat() -> None:
    module = _build()
    fill_weights(module, CPU)
    inputs = ExampleInputs(CPU)
    tokens, scale, mask, out = inputs.run(_spec_run, module, 0)
    again = inputs.run(_spec_run, module, 0)
    other = inputs.run(_spec_run, module, 1)
    assert (tokens.device, scale.dtype) == (CPU, torch.bfloat16)
    assert mask.all()
    assert 0 <= tokens.min() <= tokens.max() < 8
    assert scale.float().std() == pytest.approx(1.0, abs=0.2)
    assert all(a is b for a, b in zip((tokens, scale, mask), again[:3], strict=True))
    assert other[1] is not scale
    assert torch.equal(out, again[3])


def test_a_module_runs_outside_the_redirection() -> None:
    seen = []

    class _Looks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Identity()

        def decode(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(torch._C._len_torch_function_stack())
            return torch.empty(2, device="meta")

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.decode(self.inner(x))

    def run(module: Any, repeat: int) -> Any:
        x = torch.empty(3, device="meta")
        return module(x), module.decode(module.inner(x)), torch.zeros(2, device="meta")

    called, decoded, made = ExampleInputs(CPU).run(run, _Looks(), 0)
    assert seen == [0, 0]
    assert (called.is_meta, decoded.is_meta, made.is_meta) == (True, True, False)


def test_tensors_without_data_from_elsewhere_get_a_stand_in() -> None:
    cache = {"conv": [torch.empty(2, 3, device="meta"), None]}
    before = torch.empty(1, 3, device="meta")

    class _Cached(nn.Module):
        def forward(self, x: torch.Tensor, cache: Any) -> torch.Tensor:
            return torch.cat([cache["conv"][0], x])

    def run(module: Any, repeat: int) -> Any:
        return torch.cat([before, module(torch.empty(1, 3, device="meta"), cache=cache)])

    inputs = ExampleInputs(CPU)
    first, second = (inputs.run(run, _Cached(), 0) for _ in range(2))
    assert (first.shape, first.is_meta) == ((4, 3), False)
    assert torch.equal(first, second)
    assert cache["conv"][0] is not None
    assert cache["conv"][0].is_meta


def test_forgotten_inputs_are_made_anew() -> None:
    inputs = ExampleInputs(CPU)
    make = lambda module, repeat: torch.empty(64, device="meta")  # noqa: E731
    first = inputs.run(make, nn.Identity(), 0)
    inputs.forget(0)
    assert inputs.run(make, nn.Identity(), 0) is not first


@pytest.mark.parametrize(
    ("repeats", "limit", "grows", "expected"),
    [
        (50, 3, False, [0, 1, 2]),
        (2, None, False, [0, 1]),
        (127, 3, True, [0, 63, 126]),
        (127, 1, True, [0]),
        (2, 5, True, [0, 1]),
    ],
)
def test_chosen_repeats(repeats: int, limit: int | None, grows: bool, expected: list[int]) -> None:
    assert list(chosen_repeats(repeats, limit, grows=grows)) == expected
