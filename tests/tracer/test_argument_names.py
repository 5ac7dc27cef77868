"""Positions of arguments, held to torch's own schemas."""

from __future__ import annotations

import pytest

from tracer import argument_names as module
from tracer.argument_names import argument_names


def test_in_place_forms_have_the_names_of_the_plain_ones() -> None:
    assert argument_names("aten::cumsum_") == ("self", "dim", "dtype")
    assert argument_names("aten::addmm") == ("self", "mat1", "mat2", "beta", "alpha")
    assert argument_names("vllm::moe_forward") == ()
    assert argument_names("aiter::fmha_v3_fwd")[5] == "is_causal"


# Names that stand for what several overloads call differently, or for leading arguments alone.
_OWN_NAMES = {"scales", "self", "input", "size", "dropout_mask", "fill_value"}


@pytest.mark.torch
@pytest.mark.parametrize("name", sorted(module._SIGNATURES))
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


def test_results_that_the_caller_provides_are_marked() -> None:
    assert argument_names("_C::rms_norm")[:2] == ("result!", "input")
