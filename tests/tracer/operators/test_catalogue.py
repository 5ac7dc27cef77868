"""Finding declarations, and what they say of arguments and outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracer.graph import Op, TensorSpec
from tracer.operators import (
    Kind,
    argument_names,
    canonical_name,
    catalogue,
    declaration_of,
    infer_outputs,
    is_free,
    is_in_place,
    iter_operators,
    kind_of,
)
from tracer.operators.declaration import DeclarationError, declare

_NAMES = sorted(name for declared in iter_operators() for name in declared.names)
_WITH_ARGUMENTS = [name.removeprefix("aten::") for name in _NAMES if name.startswith("aten::") and argument_names(name)]


def test_every_file_that_declares_operators_is_found() -> None:
    files = Path(str(catalogue.__file__)).parent.glob("*.py")
    declaring = [path for path in files if "\nOPERATORS = " in path.read_text(encoding="utf-8")]
    assert len(declaring) >= 13
    assert len(_NAMES) == len(set(_NAMES)) > 400


def test_in_place_forms_follow_from_the_plain_ones() -> None:
    assert declaration_of("aten::relu_") is declaration_of("aten::relu") is not None
    assert kind_of("aten::relu_") is Kind.ELEMENTWISE
    assert argument_names("aten::cumsum_") == ("self", "dim", "dtype")
    assert is_in_place("aten::relu_")
    assert not is_in_place("aten::__and__")
    assert not is_in_place("aten::relu")


@pytest.mark.parametrize(
    ("name", "work"),
    [
        ("aten::relu_", "aten::relu"),
        ("aten::relu", "aten::relu"),
        ("aten::copy", "aten::copy_"),
        ("aten::copy_", "aten::copy_"),
        ("aten::conv_transpose2d", "aten::convolution"),
        ("aten::contiguous", "aten::clone"),
        ("symm_mem::multimem_all_reduce_", "symm_mem::multimem_all_reduce_"),
    ],
)
def test_names_of_the_same_work(name: str, work: str) -> None:
    assert canonical_name(name) == work


def test_what_an_operator_comes_down_to_is_declared_and_of_its_kind() -> None:
    named = [declared for declared in iter_operators() if declared.same_as]
    assert len(named) >= 8
    for declared in named:
        other = declaration_of(declared.same_as)
        assert other is not None
        assert not other.same_as
        assert {declared.kind, other.kind} in ({declared.kind}, {Kind.CONVOLUTION, Kind.TRANSPOSED_CONVOLUTION})


def test_a_declaration_of_its_own_comes_before_the_plain_one() -> None:
    assert kind_of("c10d::broadcast_") is Kind.BROADCAST
    assert argument_names("aten::copy_") == ("self", "src", "non_blocking")


def test_operators_that_nothing_declares() -> None:
    assert declaration_of("vllm::moe_forward") is None
    assert kind_of("vllm::moe_forward") is None
    assert not is_free("vllm::moe_forward")
    assert argument_names("vllm::moe_forward") == ()
    assert infer_outputs(Op("vllm::moe_forward", (TensorSpec((2,), "float16"),), ())) == ()


def test_views_and_allocations_are_free() -> None:
    assert all(map(is_free, ("aten::view", "aten::squeeze_", "aten::empty", "aten::resize_", "aten::sym_size")))
    assert not any(map(is_free, ("aten::reshape", "aten::contiguous", "aten::to", "aten::zeros")))


def test_an_operator_is_declared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = [declare("mm", kind=Kind.PRODUCT), declare("bmm mm", kind=Kind.BATCHED_PRODUCT)]
    monkeypatch.setattr(catalogue, "iter_operators", lambda: iter(twice))
    with pytest.raises(DeclarationError, match="aten::mm is declared twice, as PRODUCT and BATCHED_PRODUCT"):
        catalogue._by_name.__wrapped__()


def test_positions_of_arguments() -> None:
    assert argument_names("aten::addmm") == ("self", "mat1", "mat2", "beta", "alpha")
    assert argument_names("aiter::fmha_v3_fwd")[5] == "is_causal"
    assert argument_names("_C::rms_norm")[:2] == ("result!", "input")


# Names that stand for what several overloads call differently, or for leading arguments alone.
_OWN_NAMES = {"scales", "self", "input", "size", "dropout_mask", "fill_value"}


@pytest.mark.torch
@pytest.mark.parametrize("name", _WITH_ARGUMENTS)
def test_positions_agree_with_an_overload_of_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    packet = getattr(torch.ops.aten, name, None)
    if packet is None:
        pytest.skip("this build of torch has no such operator")
    wanted = argument_names(f"aten::{name}")
    schemas = [[a.name for a in getattr(packet, o)._schema.arguments] for o in packet.overloads()]
    matches = [
        sum(
            theirs == ours or ours in _OWN_NAMES or (ours == "dim" and theirs in ("dim", "dims"))
            for ours, theirs in zip(wanted, names, strict=False)
        )
        / len(wanted)
        for names in schemas
    ]
    assert max(matches) == 1.0, f"{wanted} is no beginning of {schemas}"


def test_an_in_place_call_gives_its_first_input_back() -> None:
    data = TensorSpec((2, 3), "float16", (1, 2))
    assert infer_outputs(Op("aten::mul_", (data, TensorSpec((3,), "float16")), ())) == (data,)
    assert infer_outputs(Op("c10d::allreduce_", (data,), ())) == (data,)


def test_a_call_without_the_tensors_that_its_operator_takes_has_no_outputs() -> None:
    assert infer_outputs(Op("aten::mm", (), ())) == ()
