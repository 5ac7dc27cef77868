"""The runs of NeuSight's tables: models of transformers at the sizes of its configurations, traced on meta tensors.

A case is called ``model-mode-sequence-batch``: ``inf`` is a forward pass, ``train`` a forward and a backward pass of
the mean cross-entropy of every token (neusight/Tracing/trace.py, ``measure_e2e``; no optimizer runs), and a ``fusion``
behind it says that the forward pass was compiled. Attention is written as separate products.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracer.graph import GraphError, OpGraph

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["Step", "step_of", "trace_step"]

_GPT2_VOCABULARY = 50257
_MODES = ("inf", "train")
_COUNT = re.compile(r"[1-9][0-9]{0,8}")

# NeuSight's own configurations, whatever the names suggest: layers, width, heads, and width of the feed-forward layers.
_SIZES: Mapping[str, tuple[str, int, int, int, int]] = {
    "bert_large": ("bert", 24, 1024, 16, 4096),
    "gpt2_large": ("gpt2", 36, 1280, 20, 5120),
    "gpt3_xl": ("gpt2", 24, 3072, 24, 12288),
    "gpt3_27": ("gpt2", 32, 2560, 32, 10240),
    "opt_13": ("opt", 24, 2048, 32, 8192),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run of a model.

    Attributes
    ----------
    model : str
    trains : bool
        Whether a backward pass follows the forward one.
    length, batch : int
        Tokens of a sequence, and sequences.
    compiled : bool
    """

    model: str
    trains: bool
    length: int
    batch: int
    compiled: bool = False


def step_of(case: str) -> Step:
    """Run that a case's name says.

    Raises
    ------
    GraphError
        The name is of another form, or nothing here is called so.
    """
    model, *rest = case.split("-")
    if model not in _SIZES:
        raise GraphError(f"case {case}: no configuration of {model} is known; known: {', '.join(_SIZES)}")
    mode, *numbers = [part for part in rest if part != "fusion"] or [""]
    if mode not in _MODES or len(numbers) != 2 or not all(_COUNT.fullmatch(n) for n in numbers):
        raise GraphError(
            f"case {case}: is not of the form model-mode-sequence-batch with a mode of {' or '.join(_MODES)}"
        )
    length, batch = (int(n) for n in numbers)
    return Step(model=model, trains=mode == "train", length=length, batch=batch, compiled="fusion" in rest)


def trace_step(step: Step) -> OpGraph:
    """Graph of a run."""
    import torch

    from tracer.capture import trace_module

    family, *sizes = _SIZES[step.model]
    with torch.device("meta"):
        model = _model(family, *sizes, step=step)
        tokens = torch.empty((step.batch, step.length), dtype=torch.int64)
    model.train(step.trains)
    run = _training(model) if step.trains else model
    return trace_module(run, tokens, name=step.model, gradients=step.trains, **_keywords(family, tokens))


def _keywords(family: str, tokens: torch.Tensor) -> dict[str, Any]:
    """Further arguments: the causal mask, which has values to look at where transformers makes it; no cache."""
    if family == "bert":
        return {}
    length = tokens.shape[1]
    given: dict[str, Any] = {"use_cache": False, "attention_mask": tokens.new_empty((1, 1, length, length)).float()}
    return given if family == "gpt2" else given | {"position_ids": tokens}


def _training(model: nn.Module) -> nn.Module:
    """Module whose forward pass is a forward and a backward pass of the model."""
    from torch import nn

    class TrainingStep(nn.Module):
        """Mean cross-entropy of the model's own inputs, and its gradients."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, tokens: torch.Tensor, **keywords: object) -> None:
            """Run the model, then its backward pass."""
            result = self.model(tokens, **keywords)
            logits = result["prediction_logits"] if "prediction_logits" in result else result["logits"]
            loss = nn.functional.cross_entropy(logits.view(-1, logits.shape[-1]), tokens.view(-1))
            loss.backward()

    return TrainingStep()


def _model(family: str, layers: int, width: int, heads: int, hidden: int, *, step: Step) -> nn.Module:
    """Model of transformers whose attention is separate products, with the head that the run has."""
    if family == "bert":
        return _bert(layers, width, heads, hidden, trains=step.trains)
    import transformers

    if family == "gpt2":
        config = transformers.GPT2Config(
            n_layer=layers, n_embd=width, n_head=heads, n_inner=hidden, n_positions=step.length,
            vocab_size=_GPT2_VOCABULARY,
        )  # fmt: skip
        return _eager(transformers.GPT2LMHeadModel, config)
    config = transformers.OPTConfig(
        num_hidden_layers=layers, hidden_size=width, num_attention_heads=heads, ffn_dim=hidden,
        max_position_embeddings=step.length, word_embed_proj_dim=width, vocab_size=_GPT2_VOCABULARY,
    )  # fmt: skip
    return _eager(transformers.OPTForCausalLM, config)


def _bert(layers: int, width: int, heads: int, hidden: int, *, trains: bool) -> nn.Module:
    """BERT that classifies a sequence, or with the heads of its pretraining where it trains."""
    import transformers

    config = transformers.BertConfig(
        num_hidden_layers=layers, hidden_size=width, num_attention_heads=heads, intermediate_size=hidden
    )
    head = transformers.BertForPreTraining if trains else transformers.BertForSequenceClassification
    return _eager(head, config)


def _eager(model_class: Any, config: object) -> nn.Module:
    module: nn.Module = model_class._from_config(config, attn_implementation="eager")
    return module
