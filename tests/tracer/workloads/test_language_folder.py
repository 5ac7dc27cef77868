"""Language models from the ``config.json`` of a folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tracer.capture.pipelines import capture_pipeline
from tracer.library.graphs import graph_of, pipeline_of
from tracer.workloads import UnknownWorkloadError, find_pipeline, resolve
from tracer.workloads.causal_lm import causal_lm_stages
from tracer.workloads.folder_parts import FolderError
from tracer.workloads.language_folder import ARCHITECTURES, language_model_from_folder
from tracer.workloads.limits import LimitError
from tracer.workloads.llama3 import LLAMA_3_1_8B
from tracer.workloads.qwen3 import _MIXTURE

pytestmark = pytest.mark.torch

WIDTH, LAYERS, VOCABULARY, PROMPT = 64, 2, 96, 12
SMALL = {
    "hidden_size": WIDTH,
    "intermediate_size": 128,
    "moe_intermediate_size": 32,
    "shared_expert_intermediate_size": 48,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": WIDTH // 4,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 64,
    "num_experts_per_tok": 2,
    "tie_word_embeddings": False,
    "pad_token_id": None,
}
EXPERTS = {"num_experts": 4, "num_local_experts": 4}


@pytest.fixture
def make_model(tmp_path):
    def make(architecture: str = "LlamaForCausalLM", **changes: object) -> Path:
        experts = EXPERTS if "Moe" in architecture or "Mix" in architecture or "moe" in architecture else {}
        config = {**SMALL, **experts, "architectures": [architecture], **changes}
        (tmp_path / "config.json").write_text(json.dumps({k: v for k, v in config.items() if v is not ...}))
        return tmp_path

    return make


def dense_weights(module) -> int:
    """Weights that every token meets in a product: those of experts have three dimensions, norms one."""
    matrices = sum(p.numel() for p in module.parameters() if p.dim() == 2)
    return matrices - 2 * VOCABULARY * WIDTH


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_work_of_every_architecture_by_hand(make_model, measure, architecture):
    pipeline = language_model_from_folder(make_model(architecture))
    (prefill,) = pipeline.build(replace(pipeline.defaults, prompt_length=PROMPT, max_new_tokens=1))
    attention = 4 * PROMPT * PROMPT * WIDTH * LAYERS
    head = 2 * VOCABULARY * WIDTH  # of the last position alone
    assert measure(prefill).flops == 2 * PROMPT * dense_weights(prefill.module) + head + attention
    assert pipeline.family == "language"
    mixture = any(p.dim() == 3 for p in prefill.module.parameters())
    assert any("experts" in choice for choice in pipeline.choices) == mixture


@pytest.mark.parametrize(
    ("model_class", "config"), [("LlamaForCausalLM", LLAMA_3_1_8B), ("Qwen3MoeForCausalLM", _MIXTURE)]
)
def test_graph_is_that_of_the_named_pipeline(tmp_path, model_class, config):
    config = {**config, "num_hidden_layers": 1}
    (tmp_path / "config.json").write_text(json.dumps({**config, "architectures": [model_class]}))
    settings = {"prompt_length": 16, "max_new_tokens": 2}
    here = graph_of(str(tmp_path), settings, use_cache=False)
    named = replace(find_pipeline("llama3.1-8b"), build=lambda w: causal_lm_stages(config, w, model_class))
    there = capture_pipeline(named, resolve(named, settings))
    assert replace(here, name=there.name, sources=there.sources) == there


def test_settings_that_the_configuration_states(make_model):
    path = make_model(dtype="float16", quantization_config={"quant_method": "fp8"}, sliding_window=32)
    pipeline = language_model_from_folder(path)
    assert (pipeline.name, pipeline.title) == (path.name, "LlamaForCausalLM")
    assert (pipeline.defaults.dtype, pipeline.limits.sequence) == ("float16", 32)
    assert (pipeline.defaults.prompt_length, pipeline.defaults.max_new_tokens) == (16, 16)
    said = " ".join(pipeline.choices)
    assert "quantisation is not read" in said
    assert "window of 32 tokens" in said
    with pytest.raises(LimitError, match="32 positions"):
        resolve(pipeline, {"prompt_length": 32, "max_new_tokens": 1})
    whole = language_model_from_folder(make_model(sliding_window=32, use_sliding_window=False))
    assert (whole.defaults.dtype, whole.limits.sequence) == ("bfloat16", 64)


def test_only_the_configuration_shapes_the_graph(make_model, tmp_path, monkeypatch):
    monkeypatch.setenv("ROOFCAST_CACHE", str(tmp_path / "cache"))
    path = make_model(num_hidden_layers=1)
    for name in ("modeling.py", "tokenizer.json"):
        (path / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    graph_of(str(path), {"max_new_tokens": 1})
    (path / "tokenizer.json").write_text("other")
    graph_of(str(path), {"max_new_tokens": 1})
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert not (tmp_path / "ran").exists()


def built(path: Path):
    pipeline = language_model_from_folder(path)
    return pipeline.build(pipeline.defaults)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"architectures": ["BertForMaskedLM"]},
            "'BertForMaskedLM', which is not supported; valid: LlamaForCausalLM, ",
        ),
        ({"architectures": [], "model_type": "mamba"}, "'mamba', which is not supported"),
        ({"architectures": "Llama"}, "architecture 'Llama'"),
        ({"architectures": [["LlamaForCausalLM"]]}, "is not supported"),
        ({"hidden_size": ...}, "has no hidden_size; needed: hidden_size, intermediate_size"),
        ({"hidden_size": 0}, "hidden_size of config.json is '0'; valid: whole numbers from 1 to 262144"),
        ({"hidden_size": True}, "is 'True'"),
        ({"vocab_size": -5}, "is '-5'"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers is 1000000000; valid: up to 2000"),
        ({"num_hidden_layers": None}, "num_hidden_layers of config.json is 'None'"),
        ({"intermediate_size": "wide"}, "is 'wide'"),
        ({"num_key_value_heads": 3}, "num_attention_heads 4 is no multiple of num_key_value_heads 3"),
        ({"hidden_size": 66}, "hidden_size 66 is no multiple of num_attention_heads 4"),
        (
            {"architectures": ["MixtralForCausalLM"], "num_local_experts": 4, "num_experts_per_tok": 9},
            "9 is more than its 4 experts",
        ),
        ({"hidden_act": "no such function"}, "cannot be built or run as configured"),
        ({"rope_scaling": {"rope_type": "nonsense"}}, "cannot be built or run as configured"),
    ],
)
def test_a_nonsense_configuration_is_one_line(make_model, changes, said):
    if "head" in said:
        changes = {**changes, "head_dim": None}
    path = make_model(**changes)
    with pytest.raises(FolderError) as caught:
        built(path)
    message = str(caught.value)
    assert said in message
    assert message.startswith(str(path))
    assert "\n" not in message


def test_a_folder_without_either_file(tmp_path):
    with pytest.raises(UnknownWorkloadError, match=r"it has no model_index\.json.*no config\.json"):
        pipeline_of(f"{tmp_path}/")


def test_a_file_larger_than_any_configuration(tmp_path):
    (tmp_path / "config.json").write_text(" " * (4 * 2**20 + 1))
    with pytest.raises(FolderError, match="holds more than 4 MB"):
        language_model_from_folder(tmp_path)
