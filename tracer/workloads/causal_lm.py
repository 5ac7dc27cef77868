"""Prefill and decode of decoder-only language models of the Llama family, with a cache of keys and values.

The steps are those of ``generate`` in transformers: the prompt in one pass that keeps the logits of the last
position, then one token per pass. A pass appends its keys and values to the cache by concatenation, so that
each token copies the cache of every layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tracer.graph import GraphError, Workload

from .construction import torch_dtype, transformers_module
from .pipeline import StageSpec
from .text_encoders import token_ids

if TYPE_CHECKING:
    from torch import nn
    from transformers import DynamicCache

__all__ = ["ATTENTION_KINDS", "causal_lm_stages"]

# A decode pass has one query and many keys, and yet attends to its own sequence.
ATTENTION_KINDS = {r"\.self_attn$": "self"}


def causal_lm_stages(config: Mapping[str, object], workload: Workload) -> list[StageSpec]:
    """Prefill of the prompt, then a decode pass for each further token; the two share their weights.

    The prefill gives the first token. Pass `i` of the decode stage (from 0) reads a cache of ``prompt_length
    + i`` tokens and leaves one more. Sampling is greedy: logits in float32, then the index of the largest.

    Parameters
    ----------
    config : mapping
        Fields of the ``config.json`` of a ``LlamaForCausalLM``.
    workload : Workload
        `batch` sequences of `prompt_length` tokens, `max_new_tokens` generated for each.

    Raises
    ------
    GraphError
        `prompt_length` or `max_new_tokens` is not given.
    """
    prompt, generated = workload.prompt_length, workload.max_new_tokens
    if prompt is None or generated is None:
        raise GraphError("a language model needs prompt_length and max_new_tokens, both at least 1")
    module = _llama(config, workload.dtype)

    def prefill(model: Any, repeat: int) -> object:
        return _next_token(model, token_ids(workload.batch, prompt), _empty_cache(model))

    def decode(model: Any, repeat: int) -> object:
        cache = _filled_cache(model, workload, length=prompt + repeat)
        return _next_token(model, token_ids(workload.batch, 1), cache)

    stages = [StageSpec(name="prefill", component="model", module=module, run=prefill)]
    if generated > 1:
        stages.append(
            StageSpec(name="decode", component="model", module=module, run=decode, repeats=generated - 1, grows=True)
        )
    return stages


def _llama(config: Mapping[str, object], dtype: str) -> nn.Module:
    from transformers import LlamaConfig, LlamaForCausalLM

    return transformers_module(LlamaForCausalLM, LlamaConfig(**config), dtype)


def _next_token(model: Any, tokens: object, cache: DynamicCache) -> object:
    """One pass, then the most likely next token of each sequence. No mask: prompts are not padded."""
    import torch

    output = model(tokens, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return output.logits[:, -1, :].to(torch.float32).argmax(dim=-1)


def _empty_cache(model: Any) -> DynamicCache:
    from transformers import DynamicCache

    return DynamicCache(config=model.config)


def _filled_cache(model: Any, workload: Workload, *, length: int) -> DynamicCache:
    """Cache that already holds `length` tokens, set without an operator call that a trace would count."""
    import torch

    cache, config = _empty_cache(model), model.config
    shape = (workload.batch, config.num_key_value_heads, length, config.head_dim)
    for layer in cache.layers:
        layer.keys = torch.empty(shape, dtype=torch_dtype(workload.dtype), device="meta")
        layer.values = torch.empty(shape, dtype=torch_dtype(workload.dtype), device="meta")
        layer.dtype, layer.device = layer.keys.dtype, layer.keys.device
        layer.is_initialized = True
    return cache
