"""Language models that encode prompts, at the configurations of the published ``config.json`` files.

Each function takes the dtype of the weights and returns a module on the meta device.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .construction import transformers_module

if TYPE_CHECKING:
    from torch import nn

__all__ = ["gemma3_12b", "mistral_small_24b", "qwen2_5_vl_7b_language", "qwen3_4b", "qwen3_8b"]


def mistral_small_24b(dtype: str) -> nn.Module:
    """Mistral Small 3.2 with its vision tower and output head: 24.0 G parameters.

    Source: mistralai/Mistral-Small-3.2-24B-Instruct-2506, config.json.
    """
    from transformers import Mistral3Config, Mistral3ForConditionalGeneration

    text = {
        "model_type": "mistral", "vocab_size": 131072, "hidden_size": 5120, "intermediate_size": 32768,
        "num_hidden_layers": 40, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
        "max_position_embeddings": 131072, "rope_theta": 1e9, "rms_norm_eps": 1e-5, "sliding_window": None,
    }  # fmt: skip
    vision = {
        "model_type": "pixtral", "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24,
        "num_attention_heads": 16, "head_dim": 64, "patch_size": 14, "image_size": 1540,
    }  # fmt: skip
    config = Mistral3Config(text_config=text, vision_config=vision, spatial_merge_size=2, tie_word_embeddings=False)
    return transformers_module(Mistral3ForConditionalGeneration, config, dtype)


def qwen3_4b(dtype: str, *, head: bool = False) -> nn.Module:
    """Qwen3 4B, its output head tied to the embedding where it is kept: 4.02 G parameters.

    Source: Qwen/Qwen3-4B, config.json.
    """
    return _qwen3(
        dtype, head=head, hidden_size=2560, intermediate_size=9728, num_hidden_layers=36, tie_word_embeddings=True
    )


def qwen3_8b(dtype: str, *, head: bool = False) -> nn.Module:
    """Qwen3 8B: 8.19 G parameters with its output head. Source: Qwen/Qwen3-8B, config.json."""
    return _qwen3(
        dtype, head=head, hidden_size=4096, intermediate_size=12288, num_hidden_layers=36, tie_word_embeddings=False
    )


def qwen2_5_vl_7b_language(dtype: str) -> nn.Module:
    """Language model of Qwen2.5-VL 7B without its output head: 7.07 G parameters.

    Source: Qwen/Qwen2.5-VL-7B-Instruct, config.json.
    """
    from transformers import Qwen2_5_VLTextConfig, Qwen2_5_VLTextModel

    config = Qwen2_5_VLTextConfig(
        vocab_size=152064, hidden_size=3584, intermediate_size=18944, num_hidden_layers=28,
        num_attention_heads=28, num_key_value_heads=4, max_position_embeddings=128000, rope_theta=1e6,
        rope_scaling={"type": "mrope", "mrope_section": [16, 24, 24]}, tie_word_embeddings=False,
    )  # fmt: skip
    return transformers_module(Qwen2_5_VLTextModel, config, dtype)


def gemma3_12b(dtype: str) -> nn.Module:
    """Gemma 3 12B with its vision tower and output head: 12.2 G parameters.

    Source: google/gemma-3-12b-it, config.json.
    """
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    text = {
        "vocab_size": 262208, "hidden_size": 3840, "intermediate_size": 15360, "num_hidden_layers": 48,
        "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 256, "query_pre_attn_scalar": 256,
        "sliding_window": 1024, "max_position_embeddings": 131072,
    }  # fmt: skip
    vision = {
        "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16,
        "image_size": 896, "patch_size": 14, "vision_use_head": False,
    }  # fmt: skip
    config = Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=256)
    _walk_sets_in_order(Gemma3ForConditionalGeneration)
    return transformers_module(Gemma3ForConditionalGeneration, config, dtype)


class _SortedSet(set[Any]):
    """A set that is walked in the order of its members."""

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(super().__iter__()))


def _walk_sets_in_order(model_class: type) -> None:
    """Sets that a model's module makes are walked in order, in this process.

    transformers walks ``set(config.layer_types)`` where Gemma 3 makes the rotary tables of its two kinds of layers, in
    the order of the hash seed, which differs from process to process: the graph must not.
    """
    vars(sys.modules[model_class.__module__])["set"] = _SortedSet


def _qwen3(dtype: str, *, head: bool, **sizes: Any) -> nn.Module:
    from transformers import Qwen3Config, Qwen3ForCausalLM, Qwen3Model

    config = Qwen3Config(
        vocab_size=151936, num_attention_heads=32, num_key_value_heads=8, head_dim=128,
        max_position_embeddings=40960, rope_theta=1e6, **sizes,
    )  # fmt: skip
    return transformers_module(Qwen3ForCausalLM if head else Qwen3Model, config, dtype)
