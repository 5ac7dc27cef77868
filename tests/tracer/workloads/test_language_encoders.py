from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch

# Parameters that the models' pages on huggingface.co count.
_PUBLISHED = {
    "mistral_small_24b": 24_011_361_280,
    "qwen3_4b": 4_022_468_096,
    "qwen3_8b": 8_190_735_360 - 151_936 * 4096,
    "gemma3_12b": 12_187_325_040,
}


@pytest.mark.parametrize("name", _PUBLISHED)
def test_parameters_are_those_published(name):
    from tracer.workloads import language_encoders

    encoder = getattr(language_encoders, name)("bfloat16")
    assert sum(parameter.numel() for parameter in encoder.parameters()) == _PUBLISHED[name]


def test_a_head_that_is_tied_adds_no_parameters():
    from tracer.workloads.language_encoders import qwen3_4b

    assert sum(p.numel() for p in qwen3_4b("bfloat16", head=True).parameters()) == _PUBLISHED["qwen3_4b"]


def test_the_language_model_of_qwen_is_that_of_the_whole_less_tower_and_head():
    from tracer.workloads.language_encoders import qwen2_5_vl_7b_language
    from tracer.workloads.text_encoders import qwen2_5_vl_7b

    def count(module):
        return sum(parameter.numel() for parameter in module.parameters())

    whole = qwen2_5_vl_7b("bfloat16")
    assert count(qwen2_5_vl_7b_language("bfloat16")) == count(whole) - count(whole.model.visual) - count(whole.lm_head)


def test_tables_of_gemma_are_made_in_one_order_whatever_the_hash_seed():
    from transformers.models.gemma3 import modeling_gemma3

    from tracer.workloads.language_encoders import gemma3_12b

    gemma3_12b("bfloat16")
    names = [f"{letter}_attention" for letter in "qwertzuiopasdfghjkl"]
    assert list(vars(modeling_gemma3)["set"](names)) == sorted(names)
