"""Mixtral 8x7B: a decoder each of whose layers sends a token to 2 of 8 experts."""

from __future__ import annotations

from collections.abc import Sequence

from tracer.graph import Workload

from .causal_lm import ATTENTION_KINDS, LENGTHS_ASSUMED, causal_lm_stages, language_defaults
from .pipeline import Limits, Pipeline, StageSpec

__all__ = ["PIPELINES"]

_POSITIONS = 32768
_CONFIG: dict[str, object] = {
    "vocab_size": 32000,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
    "max_position_embeddings": _POSITIONS,
    "rms_norm_eps": 1e-5,
    "rope_theta": 1000000.0,
    "sliding_window": None,
    "tie_word_embeddings": False,
}


def build(workload: Workload) -> Sequence[StageSpec]:
    """Prefill of the prompt, then one decode pass per further token."""
    return causal_lm_stages(_CONFIG, workload, "MixtralForCausalLM")


PIPELINES = (
    Pipeline(
        name="mixtral-8x7b",
        title="Mixtral 8x7B",
        defaults=language_defaults(),
        build=build,
        limits=Limits(sequence=_POSITIONS),
        sources=(
            "Jiang et al., Mixtral of Experts, arXiv:2401.04088, table 1",
            "huggingface.co/mistralai/Mixtral-8x7B-v0.1, config.json",
            "transformers 5.23, models/mixtral/modeling_mixtral.py",
        ),
        parameters={"model": 46_702_792_704},
        choices=(
            *LENGTHS_ASSUMED,
            "Tokens choose their experts by themselves and each expert as often as any other.",
        ),
        attention_kinds=ATTENTION_KINDS,
        family="language",
        architecture="transformer",
        aliases=("mixtral-8x7b-v0.1",),
    ),
)
