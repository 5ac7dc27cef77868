"""What a file of a scheme may say, and what follows from it for a layer."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from simulator.quantization import Layers, Recipe, Scheme, Step, TensorForm
from simulator.quantization.scheme import Sizes

_SIZES = Sizes(m=5, n=48, k=64)
_STEP = {"call": "aten::mm", "reads": ["x", "w"], "writes": "y"}
_SCHEME = {"name": "s", "title": "t", "weights": {"w": {"shape": ["k", "n"]}}, "sources": ["nobody"]}


@pytest.mark.parametrize(
    ("shape", "extents"),
    [
        (("k", "n"), (64, 48)),
        (("n", "k/2"), (48, 32)),
        (("n", "k*6/8"), (48, 48)),
        (("k/128", 1), (1, 1)),  # a part of a group is a group
        (("n*k/64", 2), (48, 2)),
    ],
)
def test_extents_are_products_and_quotients(shape, extents):
    assert TensorForm(shape=shape).extents(_SIZES) == extents


@pytest.mark.parametrize("text", ["k+1", "", "__import__", "k//2", "2*", "q"])
def test_an_extent_is_nothing_else(text):
    with pytest.raises(ValidationError, match="no extent"):
        TensorForm(shape=(text,))


@pytest.mark.parametrize(
    ("layers", "inputs", "outputs", "module", "taken"),
    [
        ({}, 16, 16, "a.b", True),
        ({"least_inputs": 17}, 16, 16, "a.b", False),
        ({"multiple_of": 16}, 32, 40, "a.b", False),
        ({"inputs_multiple_of": 64}, 128, 3, "a.b", True),
        ({"outputs_multiple_of": 256}, 128, 255, "a.b", False),
        ({"excluded": [(640, 320)]}, 640, 320, "a.b", False),
        ({"excluded": [(640, 320)]}, 320, 640, "a.b", True),
        ({"kept": ["lm_head"]}, 64, 64, "model.lm_head", False),
        ({"kept": ["lm_head"]}, 64, 64, "model.lm_head.inner", True),
    ],
)
def test_which_layers_are_taken(layers, inputs, outputs, module, taken):
    assert Layers.model_validate(layers).takes(inputs=inputs, outputs=outputs, module=module) is taken


def test_the_first_recipe_that_applies_is_taken():
    few = {"compiled": True, "most_rows": 16, "steps": [_STEP]}
    scheme = Scheme.model_validate({**_SCHEME, "recipes": [few, {"steps": [_STEP, _STEP]}]})
    lengths = [len(scheme.recipe(compiled=c, rows=r).steps) for c, r in ((True, 16), (True, 17), (False, 1))]
    assert lengths == [1, 2, 2]


def test_a_recipe_for_all_must_end_the_list():
    with pytest.raises(ValidationError, match="last recipe must apply everywhere"):
        Scheme.model_validate({**_SCHEME, "recipes": [{"compiled": True, "steps": [_STEP]}]})


def test_a_step_names_tensors_that_there_are():
    wrong = {**_STEP, "reads": ["x", "v"]}
    with pytest.raises(ValidationError, match="steps name v"):
        Scheme.model_validate({**_SCHEME, "recipes": [{"steps": [wrong]}]})


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([{**_STEP, "reads": ["q", "w"]}], r"step 1 \(aten::mm\) reads q, which no step before it writes"),
        ([{**_STEP, "writes": "q"}], "no step writes y"),
        ([{**_STEP, "reads": ["y", "w"]}], "reads y"),
    ],
)
def test_a_step_reads_what_is_there(steps, message):
    with pytest.raises(ValidationError, match=message):
        Scheme.model_validate({**_SCHEME, "tensors": {"q": {"shape": ["m", "k"]}}, "recipes": [{"steps": steps}]})


def test_a_question_mark_is_no_part_of_a_name():
    step = Step(call="aten::mm", reads=("x", "bias?"), writes="y")
    assert step.names == ("x", "bias")
    assert Recipe(steps=(step,)).applies(compiled=True, rows=10**6)
