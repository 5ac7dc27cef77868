"""Schemes that ship, and those of one's own."""

from __future__ import annotations

import pytest

from hw_specs import SpecError, number_format
from simulator.quantization import QuantizationError, list_schemes, load_scheme
from simulator.quantization.catalogue import FOLDER
from simulator.quantization.scheme import Sizes
from tracer.graph import TensorSpec
from tracer.operators import PRODUCTS, is_free, kind_of

_SIZES = Sizes(m=256, n=4096, k=4096)

#: Bits of a weight and its share of scales, for a layer of 4096 inputs and outputs in 16 bits.
_BITS = {
    "int8-weight": 8 + 16 / 4096,
    "int8-dynamic": 8 + 16 / 4096,
    "fp8-row": 8 + 32 / 4096,
    "fp8-tensor": 8 + 32 / 4096**2,
    "fp8-block": 8 + 32 / 128**2,
    "int4-weight": 4 + 32 / 128,
    "int4-weight-g32": 4 + 32 / 32,
    "int4-marlin": 4 + 16 / 128,
    "int4-dynamic": 8 + 32 / 32,  # a byte for four bits
    "nf4": 4 + 32 / 64,
    "fp6-weight": 6 + 16 / 4096,
    "fp5-weight": 5 + 16 / 4096,
    "fp4-weight": 4 + 16 / 4096,
    "nvfp4": 4 + 8 / 16,
    "mxfp4": 4 + 8 / 32,
    "fp8-cast": 8,
}


@pytest.mark.parametrize(("name", "bits"), _BITS.items())
def test_bits_of_a_weight(name, bits):
    forms = load_scheme(name).weights.values()
    tensors = [TensorSpec(f.extents(_SIZES), f.dtype.replace("activation", "float16")) for f in forms]
    assert sum(8 * t.nbytes for t in tensors) / (_SIZES.n * _SIZES.k) == pytest.approx(bits)


@pytest.mark.parametrize("name", list_schemes())
def test_all_that_ship_hold_together(name):
    scheme = load_scheme(name)
    assert scheme.name == name
    for recipe in scheme.recipes:
        kinds = [kind_of(step.call) for step in recipe.steps]
        assert None not in kinds
        assert sum(kind in PRODUCTS for kind in kinds) == 1
        assert not any(is_free(step.call) for step in recipe.steps)
        assert recipe.steps[0].names[0] in ("x", "w")
        assert "y" in {name for step in recipe.steps for name in step.writes}


@pytest.mark.parametrize("name", list_schemes())
def test_products_are_in_formats_that_the_scheme_asks_for(name):
    scheme = load_scheme(name)
    for recipe in scheme.recipes:
        (product,) = (step for step in recipe.steps if kind_of(step.call) in PRODUCTS)
        form = scheme.tensors.get(product.names[0])
        dtype = "float16" if form is None or form.dtype == "activation" else form.dtype
        assert number_format(dtype) in (*scheme.needs, "fp16")


def test_an_unknown_one_lists_the_valid_ones():
    with pytest.raises(
        QuantizationError, match=r"unknown scheme 'fp8-rows'; did you mean 'fp8-row'. valid: none, .*fp8-row"
    ) as e:
        load_scheme("fp8-rows")
    assert "\n" not in str(e.value)


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text((FOLDER / "nf4.yaml").read_text(encoding="utf-8").replace("name: nf4", "name: mine"), "utf-8")
    assert load_scheme(str(path)).name == "mine"
    path.write_text("name: mine\n", encoding="utf-8")
    with pytest.raises(SpecError, match=r"mine.yaml: "):
        load_scheme(str(path), tmp_path / "elsewhere")
