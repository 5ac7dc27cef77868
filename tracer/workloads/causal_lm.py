"""Prefill and decode of decoder-only language models of transformers, with a cache of keys and values.

The steps are those of ``generate`` in transformers: the prompt in one pass that keeps the logits of the last
position, then one token per pass. How the cache is kept is the workload's ``kv_cache``. What runs a paged one is a
serving engine: it also merges the projections of one input (vLLM's QKVParallelLinear and MergedColumnParallelLinear).
Experts of a mixture run as grouped products, as transformers and vLLM run them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tracer.graph import KEY_VALUE_DTYPES, GraphError, Workload

from .construction import torch_dtype, transformers_module
from .pipeline import StageSpec
from .text_encoders import token_ids

if TYPE_CHECKING:
    from .modules.key_value_cache import KeyValueCache, LayerShape

__all__ = ["ATTENTION_KINDS", "LENGTHS_ASSUMED", "causal_lm_stages", "language_defaults"]

# A decode pass has one query and many keys, and yet attends to its own sequence.
ATTENTION_KINDS = {r"\.self_attn$": "self"}

LENGTHS_ASSUMED = (
    "No published default says how long prompt and answer are: 2048 and 128 tokens are assumed, the latter being the "
    "answer length of common serving benchmarks.",
    "Sampling is greedy, so that temperature and nucleus sampling cost nothing. No prompt is padded.",
    "Keys and values are kept in room for all tokens, of which attention reads what is filled, as in Meta's code for "
    "Llama; --kv-cache has the other ways.",
)


def language_defaults(*, dtype: str = "bfloat16") -> Workload:
    """Settings of a language model that its publication leaves open."""
    return Workload(prompt_length=2048, max_new_tokens=128, context_length=0, kv_cache="static", dtype=dtype)


def causal_lm_stages(
    config: Mapping[str, object] | Any, workload: Workload, model_class: str = "LlamaForCausalLM"
) -> list[StageSpec]:
    """Prefill of the prompt, then a decode pass for each further token; the two share their weights.

    The prefill gives the first token. Pass `i` of the decode stage (from 0) reads a cache of ``context_length +
    prompt_length + i`` tokens and leaves one more. Sampling is greedy: logits in float32, then their largest.

    Parameters
    ----------
    config : mapping or PretrainedConfig
        Fields of the ``config.json`` of the model.
    workload : Workload
        `batch` sequences of `prompt_length` tokens after `context_length` that are in the cache already,
        `max_new_tokens` generated for each.
    model_class : str
        Class of transformers.

    Raises
    ------
    GraphError
        `prompt_length` or `max_new_tokens` is not given.
    """
    if workload.prompt_length is None or workload.max_new_tokens is None:
        raise GraphError("a language model needs prompt_length and max_new_tokens, both at least 1")
    import transformers

    family = getattr(transformers, model_class)
    if isinstance(config, Mapping):
        config = family.config_class(**config)
    return _stages(_model(family, config, workload), workload)


def _model(family: Any, config: Any, workload: Workload) -> Any:
    from .modules.language_model import EXPERTS, PAGED, merge_projections

    paged = workload.kv_cache == "paged"
    model: Any = transformers_module(family, config, workload.dtype, attention=PAGED if paged else "sdpa")
    if model._can_set_experts_implementation():
        model.set_experts_implementation(EXPERTS)
    if paged:
        merge_projections(model)
    return model


def _stages(model: Any, workload: Workload) -> list[StageSpec]:
    from .modules.language_model import layer_shapes

    shapes = layer_shapes(model)
    first, prompt = workload.context_length or 0, workload.prompt_length or 0
    further = (workload.max_new_tokens or 1) - 1
    prefill = _pass(shapes, workload, new=prompt, filled=lambda repeat: first)
    decode = _pass(shapes, workload, new=1, filled=lambda repeat: first + prompt + repeat)
    stages = [StageSpec(name="prefill", component="model", module=model, run=prefill)]
    if further:
        # A cache that is read whole under a mask is as long in every pass.
        grows = workload.kv_cache != "masked"
        stages.append(
            StageSpec(name="decode", component="model", module=model, run=decode, repeats=further, grows=grows)
        )
    return stages


def _pass(
    shapes: list[LayerShape], workload: Workload, *, new: int, filled: Callable[[int], int]
) -> Callable[[Any, int], object]:
    """One pass of `new` tokens of each sequence on a cache that then holds `filled`."""
    from .modules.key_value_cache import KeyValueCache

    kind, batch = workload.kv_cache or "static", workload.batch
    dtype = torch_dtype(KEY_VALUE_DTYPES.get(workload.kv_cache_dtype or "", workload.dtype))
    room = (workload.context_length or 0) + (workload.prompt_length or 0) + (workload.max_new_tokens or 1) - 1

    def run(model: Any, repeat: int) -> object:
        held = filled(repeat)
        caches = [
            KeyValueCache.holding(kind, shape, batch=batch, filled=held, new=new, room=room, dtype=dtype)
            for shape in shapes
        ]
        return _next_token(model, token_ids(batch, new), caches)

    return run


def _next_token(model: Any, tokens: Any, caches: list[KeyValueCache]) -> object:
    """One pass, then the most likely next token of each sequence."""
    import torch

    from .modules.language_model import cache_of

    mask = _mask(tokens, caches[0])
    output = model(tokens, attention_mask=mask, past_key_values=cache_of(caches), use_cache=True, logits_to_keep=1)
    return output.logits[:, -1, :].to(torch.float32).argmax(dim=-1)


def _mask(tokens: Any, cache: KeyValueCache) -> Any:
    """Which keys each query may attend to, where neither a causal kernel nor none at all says it: torch's causal mask
    begins at the first key, and that of a later part of the sequence is given as one."""
    import torch

    batch, new = tokens.shape
    if cache.kind == "masked":
        length = cache.keys.shape[-2]
    elif cache.kind != "paged" and cache.filled and new > 1:
        length = cache.filled + new
    else:
        return None
    return torch.empty((batch, 1, new, length), dtype=torch.bool, device="meta")
