"""Encoders of prompts and images that only the video pipelines use, at the published configurations.

Each function takes the dtype of the weights and returns a module on the meta device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .construction import transformers_module

if TYPE_CHECKING:
    from torch import nn

__all__ = ["clip_vision_h", "llava_llama3_8b", "umt5_xxl"]


def clip_vision_h(dtype: str) -> nn.Module:
    """Image tower of OpenCLIP ViT-H/14 with projection: 632 M parameters.

    Source: stabilityai/stable-video-diffusion-img2vid-xt, image_encoder/config.json.
    """
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(
        hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, num_attention_heads=16,
        patch_size=14, image_size=224, projection_dim=1024, hidden_act="gelu",
    )  # fmt: skip
    return transformers_module(CLIPVisionModelWithProjection, config, dtype)


def umt5_xxl(dtype: str) -> nn.Module:
    """Encoder of UMT5 XXL: 5.68 G parameters. Source: google/umt5-xxl, config.json.

    Unlike T5 it computes a relative position bias in every layer.
    """
    from transformers import UMT5Config, UMT5EncoderModel

    config = UMT5Config(
        vocab_size=256384, d_model=4096, d_kv=64, d_ff=10240, num_heads=64, num_layers=24,
        feed_forward_proj="gated-gelu", tie_word_embeddings=False,
    )  # fmt: skip
    return transformers_module(UMT5EncoderModel, config, dtype)


def llava_llama3_8b(dtype: str) -> nn.Module:
    """Llama 3 8B of LLaVA without its output head: 7.50 G parameters.

    Source: hunyuanvideo-community/HunyuanVideo, text_encoder/config.json.
    """
    from transformers import LlamaConfig, LlamaModel

    config = LlamaConfig(
        vocab_size=128320, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32,
        num_attention_heads=32, num_key_value_heads=8, max_position_embeddings=8192, rms_norm_eps=1e-5,
        rope_theta=500000.0,
    )  # fmt: skip
    return transformers_module(LlamaModel, config, dtype)
