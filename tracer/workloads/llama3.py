"""Llama 3.1 8B: grouped-query decoder of 32 layers."""

from __future__ import annotations

from tracer.graph import Workload

from .causal_lm import ATTENTION_KINDS, causal_lm_stages
from .pipeline import Limits, Pipeline, StageSpec

__all__ = ["PIPELINES"]

LLAMA_3_1_8B = {
    "vocab_size": 128256,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131072,
    "rms_norm_eps": 1e-5,
    "rope_theta": 500000.0,
    "rope_scaling": {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    },
    "tie_word_embeddings": False,
}


def build(workload: Workload) -> list[StageSpec]:
    """Prefill of the prompt, then one decode pass per further token."""
    return causal_lm_stages(LLAMA_3_1_8B, workload)


PIPELINES = (
    Pipeline(
        name="llama3.1-8b",
        title="Llama 3.1 8B",
        defaults=Workload(prompt_length=2048, max_new_tokens=128, dtype="bfloat16"),
        build=build,
        limits=Limits(sequence=131072),
        sources=(
            "Dubey et al., The Llama 3 Herd of Models, arXiv:2407.21783, table 3",
            "meta-llama/Llama-3.1-8B, config.json (huggingface.co)",
            "transformers 5.23, models/llama/modeling_llama.py and generation/utils.py",
        ),
        parameters={"model": 8_030_261_248},
        choices=(
            "The model's generation_config.json names no lengths: a prompt of 2048 tokens and 128 new ones "
            "are assumed; 128 is the limit of new tokens of its benchmark in MLPerf Inference 5.1.",
            "Sampling is greedy, so that temperature and nucleus sampling cost nothing.",
        ),
        attention_kinds=ATTENTION_KINDS,
        family="language",
        architecture="transformer",
        aliases=("llama-3.1-8b",),
    ),
)
