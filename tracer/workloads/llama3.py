"""Llama 3.1 8B, 70B and 405B: grouped-query decoders."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tracer.graph import Workload

from .causal_lm import ATTENTION_KINDS, LENGTHS_ASSUMED, causal_lm_stages, language_defaults
from .pipeline import Limits, Pipeline, StageSpec

__all__ = ["LLAMA_3_1_8B", "PIPELINES"]

_POSITIONS = 131072


def _config(*, width: int, hidden: int, layers: int, heads: int) -> dict[str, object]:
    """Fields of ``config.json`` of one size; all sizes have 8 heads of keys and values."""
    return {
        "vocab_size": 128256,
        "hidden_size": width,
        "intermediate_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": 8,
        "max_position_embeddings": _POSITIONS,
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


LLAMA_3_1_8B = _config(width=4096, hidden=14336, layers=32, heads=32)
# Published sizes (table 3 of the paper), and weights of the checkpoints.
_SIZES = {
    "8b": (LLAMA_3_1_8B, 8_030_261_248),
    "70b": (_config(width=8192, hidden=28672, layers=80, heads=64), 70_553_706_496),
    "405b": (_config(width=16384, hidden=53248, layers=126, heads=128), 405_853_388_800),
}


def build(name: str, workload: Workload) -> Sequence[StageSpec]:
    """Prefill of the prompt, then one decode pass per further token."""
    return causal_lm_stages(_SIZES[name][0], workload)


PIPELINES = tuple(
    Pipeline(
        name=f"llama3.1-{name}",
        title=f"Llama 3.1 {name.upper()}",
        defaults=language_defaults(),
        build=partial(build, name),
        limits=Limits(sequence=_POSITIONS),
        sources=(
            "Dubey et al., The Llama 3 Herd of Models, arXiv:2407.21783, table 3",
            f"meta-llama/Llama-3.1-{name.upper()}, config.json (huggingface.co)",
            "transformers 5.23, models/llama/modeling_llama.py and generation/utils.py",
        ),
        parameters={"model": parameters},
        choices=LENGTHS_ASSUMED,
        attention_kinds=ATTENTION_KINDS,
        family="language",
        architecture="transformer",
        aliases=(f"llama-3.1-{name}",),
    )
    for name, (_, parameters) in _SIZES.items()
)
