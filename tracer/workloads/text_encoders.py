"""Text encoders that several pipelines share, at the configurations of the published ``config.json`` files.

Each function takes the dtype of the weights and returns a module on the meta device; :func:`text_stage` makes
the stage that runs it on a padded prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .construction import transformers_module
from .pipeline import StageSpec

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = [
    "bert_chinese_large",
    "clip_l",
    "gemma2_2b",
    "mt5_xl",
    "openclip_bigg",
    "openclip_h",
    "padding_mask",
    "qwen2_5_vl_7b",
    "t5_xxl",
    "text_stage",
    "token_ids",
]


def token_ids(batch: int, length: int) -> torch.Tensor:
    """Token indices of padded prompts, shape (batch, length), on the meta device."""
    import torch

    return torch.empty((batch, length), dtype=torch.int64, device="meta")


def padding_mask(encoder: Any, batch: int, length: int) -> torch.Tensor:
    """Which keys a query may attend to where a prompt is padded, shape (batch, 1, length, length).

    Boolean for fused attention; a term to add to the scores, in the encoder's dtype, for separate products.

    transformers expands the tokenizer's mask to this shape, after it has looked whether any token is masked
    at all; meta tensors have no values to look at, so the expanded mask is given instead. The padded case is
    taken: a prompt rarely fills the padded length.
    """
    import torch

    additive = encoder.config._attn_implementation == "eager"
    dtype = encoder.dtype if additive else torch.bool
    return torch.empty((batch, 1, length, length), dtype=dtype, device="meta")


def text_stage(
    module: nn.Module,
    *,
    batch: int,
    length: int,
    name: str = "text_encoder",
    component: str | None = None,
    masked: bool = False,
    hidden_states: bool = False,
    repeats: int = 1,
) -> StageSpec:
    """Stage that encodes `batch` prompts padded to `length` tokens.

    Parameters
    ----------
    module : torch.nn.Module
        Text encoder, on the meta device.
    batch, length : int
        Prompts per run, and tokens of each.
    name : str
        Name of the stage.
    component : str, optional
        Name of its weights where that is not the stage's.
    masked : bool
        Whether the pipeline hands the tokenizer's padding mask to the encoder.
    hidden_states : bool
        Whether it asks for the output of every layer.
    repeats : int
        Runs per run of the pipeline: 2 where positive and negative prompts are encoded one after the other.
    """

    def run(encoder: Any, repeat: int) -> object:
        options: dict[str, object] = {"output_hidden_states": True} if hidden_states else {}
        if masked:
            options["attention_mask"] = padding_mask(encoder, batch, length)
        return encoder(token_ids(batch, length), **options)

    return StageSpec(name=name, component=component or name, module=module, run=run, repeats=repeats)


def clip_l(dtype: str, *, projection: bool = False) -> nn.Module:
    """Text tower of CLIP ViT-L/14: 123 M parameters, 77 tokens. Source: openai/clip-vit-large-patch14."""
    return _clip_text(
        dtype, projection=projection, hidden_size=768, intermediate_size=3072, num_hidden_layers=12,
        num_attention_heads=12, hidden_act="quick_gelu", projection_dim=768,
    )  # fmt: skip


def openclip_h(dtype: str) -> nn.Module:
    """Text tower of OpenCLIP ViT-H/14 less its last layer: 340 M parameters.

    Source: stabilityai/stable-diffusion-2-1, text_encoder/config.json, which drops the 24th layer.
    """
    return _clip_text(
        dtype, projection=False, hidden_size=1024, intermediate_size=4096, num_hidden_layers=23,
        num_attention_heads=16, hidden_act="gelu", projection_dim=512,
    )  # fmt: skip


def openclip_bigg(dtype: str) -> nn.Module:
    """Text tower of OpenCLIP ViT-bigG/14 with projection: 695 M parameters.

    Source: stabilityai/stable-diffusion-xl-base-1.0, text_encoder_2/config.json.
    """
    return _clip_text(
        dtype, projection=True, hidden_size=1280, intermediate_size=5120, num_hidden_layers=32,
        num_attention_heads=20, hidden_act="gelu", projection_dim=1280,
    )  # fmt: skip


def t5_xxl(dtype: str) -> nn.Module:
    """Encoder of T5 v1.1 XXL: 4.76 G parameters. Source: google/t5-v1_1-xxl, config.json."""
    return _t5_encoder(dtype, vocab_size=32128, d_model=4096, d_ff=10240, num_heads=64, num_layers=24)


def mt5_xl(dtype: str) -> nn.Module:
    """Encoder of mT5 XL: 1.67 G parameters. Source: google/mt5-xl, config.json."""
    return _t5_encoder(dtype, vocab_size=250112, d_model=2048, d_ff=5120, num_heads=32, num_layers=24)


def bert_chinese_large(dtype: str) -> nn.Module:
    """Bilingual CLIP's text tower, a BERT of 24 layers: 352 M parameters.

    Source: Tencent-Hunyuan/HunyuanDiT-v1.2-Diffusers, text_encoder/config.json.
    """
    from transformers import BertConfig, BertModel

    config = BertConfig(
        hidden_size=1024, intermediate_size=4096, num_attention_heads=16, num_hidden_layers=24,
        vocab_size=47020, max_position_embeddings=512, type_vocab_size=2, hidden_act="gelu",
    )  # fmt: skip
    return transformers_module(BertModel, config, dtype)


def gemma2_2b(dtype: str) -> nn.Module:
    """Gemma 2 2B without its output head: 2.61 G parameters. Source: google/gemma-2-2b-it, config.json.

    Its attention caps the scores with a hyperbolic tangent, which scaled-dot-product attention cannot:
    transformers runs it as separate matrix products.
    """
    from transformers import Gemma2Config, Gemma2Model

    config = Gemma2Config(
        vocab_size=256000, hidden_size=2304, intermediate_size=9216, num_hidden_layers=26,
        num_attention_heads=8, num_key_value_heads=4, head_dim=256, sliding_window=4096,
        query_pre_attn_scalar=256, attn_logit_softcapping=50.0, final_logit_softcapping=30.0,
        max_position_embeddings=8192, use_cache=True,
    )  # fmt: skip
    return transformers_module(Gemma2Model, config, dtype, attention="eager")


def qwen2_5_vl_7b(dtype: str) -> nn.Module:
    """Qwen2.5-VL 7B with its vision tower and output head: 8.29 G parameters.

    Source: Qwen/Qwen2.5-VL-7B-Instruct, config.json.
    """
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    text = {
        "vocab_size": 152064, "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
        "num_attention_heads": 28, "num_key_value_heads": 4, "max_position_embeddings": 128000,
        "rope_theta": 1e6, "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
        "tie_word_embeddings": False,
    }  # fmt: skip
    vision = {
        "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "patch_size": 14,
        "out_hidden_size": 3584, "spatial_merge_size": 2, "window_size": 112,
        "fullatt_block_indexes": [7, 15, 23, 31],
    }  # fmt: skip
    config = Qwen2_5_VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=False)
    return transformers_module(Qwen2_5_VLForConditionalGeneration, config, dtype)


def _clip_text(dtype: str, *, projection: bool, **sizes: Any) -> nn.Module:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    # 2 is what the published files of every pipeline here say; it selects how the pooled token is found.
    config = CLIPTextConfig(vocab_size=49408, max_position_embeddings=77, eos_token_id=2, **sizes)
    return transformers_module(CLIPTextModelWithProjection if projection else CLIPTextModel, config, dtype)


def _t5_encoder(dtype: str, **sizes: int) -> nn.Module:
    from transformers import T5Config, T5EncoderModel

    config = T5Config(feed_forward_proj="gated-gelu", d_kv=64, tie_word_embeddings=False, **sizes)
    return transformers_module(T5EncoderModel, config, dtype)
