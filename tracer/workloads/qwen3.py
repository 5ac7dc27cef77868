"""Qwen3: dense decoders from 0.6B to 32B, and the mixture of 128 experts 30B-A3B.

Queries and keys have a norm each before they are rotated. Every layer of the mixture sends a token to 8 of its experts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tracer.graph import Workload

from .causal_lm import ATTENTION_KINDS, LENGTHS_ASSUMED, causal_lm_stages, language_defaults
from .pipeline import Limits, Pipeline, StageSpec

__all__ = ["PIPELINES"]

_POSITIONS = 40960


def _config(
    *, width: int, hidden: int, layers: int, heads: int, key_heads: int = 8, tied: bool = False
) -> dict[str, object]:
    """Fields of ``config.json`` in which the sizes differ, and those that all have."""
    return {
        "vocab_size": 151936,
        "hidden_size": width,
        "intermediate_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": key_heads,
        "head_dim": 128,
        "max_position_embeddings": _POSITIONS,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1000000.0,
        "tie_word_embeddings": tied,
    }


# Published configurations (huggingface.co/Qwen/Qwen3-*, config.json); small ones share the embedding with the head.
_DENSE = {
    "0.6b": _config(width=1024, hidden=3072, layers=28, heads=16, tied=True),
    "1.7b": _config(width=2048, hidden=6144, layers=28, heads=16, tied=True),
    "4b": _config(width=2560, hidden=9728, layers=36, heads=32, tied=True),
    "8b": _config(width=4096, hidden=12288, layers=36, heads=32),
    "14b": _config(width=5120, hidden=17408, layers=40, heads=40),
    "32b": _config(width=5120, hidden=25600, layers=64, heads=64),
}
_MIXTURE = {
    **_config(width=2048, hidden=6144, layers=48, heads=32, key_heads=4),
    "moe_intermediate_size": 768,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "norm_topk_prob": True,
    "decoder_sparse_step": 1,
}
_CONFIGS = {**_DENSE, "30b-a3b": _MIXTURE}
# Weights of the checkpoints, an embedding that is shared counted once.
_PARAMETERS = {
    "0.6b": 596_049_920,
    "1.7b": 1_720_574_976,
    "4b": 4_022_468_096,
    "8b": 8_190_735_360,
    "14b": 14_768_307_200,
    "32b": 32_762_123_264,
    "30b-a3b": 30_532_122_624,
}
_ROUTING = (
    "Tokens choose their experts by themselves and each expert as often as any other: a few tokens then touch more of "
    "the weights than texts whose tokens choose alike.",
)


def build(name: str, workload: Workload) -> Sequence[StageSpec]:
    """Prefill of the prompt, then one decode pass per further token."""
    model_class = "Qwen3ForCausalLM" if name in _DENSE else "Qwen3MoeForCausalLM"
    return causal_lm_stages(_CONFIGS[name], workload, model_class)


PIPELINES = tuple(
    Pipeline(
        name=f"qwen3-{name}",
        title=f"Qwen3 {name.upper()}",
        defaults=language_defaults(),
        build=partial(build, name),
        limits=Limits(sequence=_POSITIONS),
        sources=(
            "Qwen3 Technical Report, arXiv:2505.09388, tables 1 and 2",
            f"huggingface.co/Qwen/Qwen3-{name.upper()}, config.json",
            "transformers 5.23, models/qwen3/modeling_qwen3.py and models/qwen3_moe/modeling_qwen3_moe.py",
        ),
        parameters={"model": parameters},
        choices=LENGTHS_ASSUMED + (() if name in _DENSE else _ROUTING),
        attention_kinds=ATTENTION_KINDS,
        family="language",
        architecture="transformer",
    )
    for name, parameters in _PARAMETERS.items()
)
