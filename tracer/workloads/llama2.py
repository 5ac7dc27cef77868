"""LLaMA-2 7B, 13B and 70B: prefill of a prompt and autoregressive decoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tracer.graph import Workload

from .causal_lm import LENGTHS_ASSUMED, causal_lm_stages, language_defaults
from .pipeline import Limits, Pipeline, StageSpec

__all__ = ["PIPELINES"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    """Fields of ``config.json`` in which the three sizes differ."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int


# Published configurations: huggingface.co/meta-llama/Llama-2-{7b,13b,70b}-hf, config.json.
_SIZES = {
    "7b": _Size(
        hidden_size=4096,
        intermediate_size=11008,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=32,
    ),
    "13b": _Size(
        hidden_size=5120,
        intermediate_size=13824,
        num_hidden_layers=40,
        num_attention_heads=40,
        num_key_value_heads=40,
    ),
    "70b": _Size(
        hidden_size=8192,
        intermediate_size=28672,
        num_hidden_layers=80,
        num_attention_heads=64,
        num_key_value_heads=8,
    ),
}
# Weights of the published checkpoints, embeddings included and norms counted.
_PARAMETERS = {"7b": 6_738_415_616, "13b": 13_015_864_320, "70b": 68_976_648_192}


def _config(size: _Size) -> dict[str, object]:
    return {
        "vocab_size": 32000,
        "hidden_size": size.hidden_size,
        "intermediate_size": size.intermediate_size,
        "num_hidden_layers": size.num_hidden_layers,
        "num_attention_heads": size.num_attention_heads,
        "num_key_value_heads": size.num_key_value_heads,
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": False,
    }


def _build(name: str, workload: Workload) -> Sequence[StageSpec]:
    return causal_lm_stages(_config(_SIZES[name]), workload)


PIPELINES = tuple(
    Pipeline(
        name=f"llama2-{name}",
        title=f"LLaMA-2 {name.upper()}",
        aliases=(f"llama-2-{name}",),
        defaults=language_defaults(dtype="float16"),
        build=partial(_build, name),
        limits=Limits(sequence=4096),
        sources=(
            "Touvron et al. 2023, Llama 2, arXiv 2307.09288",
            f"huggingface.co/meta-llama/Llama-2-{name}-hf, config.json",
        ),
        parameters={"model": parameters},
        choices=LENGTHS_ASSUMED,
        family="language",
        architecture="transformer",
    )
    for name, parameters in _PARAMETERS.items()
)
