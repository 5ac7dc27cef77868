"""What someone means who writes the option of another tool: the option of ours that means the same."""

from __future__ import annotations

from collections.abc import Collection

from hw_specs.errors import did_you_mean

__all__ = ["nearest_option", "nearest_value"]

#: Names that other tools have, without dashes, by ours: those of a command that has none of them are left out.
_MEANINGS = {
    "num-inference-steps": "steps num-steps n-steps sampling-steps denoising-steps sample-steps inference-steps",
    "guidance-scale": "guidance cfg cfg-scale scale",
    "max-new-tokens": "tokens max-tokens new-tokens num-tokens output-tokens output-length max-length",
    "prompt-length": "seq-len sequence-length prompt-len input-length input-tokens isl prompt-tokens",
    "context-length": "context ctx ctx-len past-length cache-length",
    "batch": "batch-size bs num-images num-images-per-prompt bsz",
    "num-frames": "frames num-frame n-frames",
    "hw": "hardware gpu device accelerator chip",
    "model": "workload network pipeline checkpoint",
    "dtype": "precision torch-dtype data-type",
    "execution": "mode engine-mode compile backend torch-compile cuda-graph cuda-graphs graph-mode",
    "attention": "attn attn-backend attention-backend sdpa attn-implementation",
    "quantize": "quantization quant quant-method weights",
    "parallel": "tp tensor-parallel tensor-parallel-size tp-size gpus num-gpus world-size ulysses ulysses-degree",
    "offload": "cpu-offload sequential-offload",
    "output": "out outfile save-to",
    "format": "json csv output-format",
    "set": "override change with",
    "versus": "vs compare baseline against",
    "trace": "profile",
    "width": "w",
    "height": "h",
    "software": "torch torch-version framework pytorch",
    "scheduler": "sampler",
    "repeats": "steps",
}
_VALUES = {
    "compile": "compiled",
    "torch.compile": "compiled",
    "torch-compile": "compiled",
    "inductor": "compiled",
    "max-autotune": "compiled",
    "reduce-overhead": "compiled-graph",
    "cudagraph": "cuda-graph",
    "cuda-graphs": "cuda-graph",
    "graph": "cuda-graph",
    "sdpa": "flash",
    "flashattention": "flash",
    "flash-attention": "flash",
    "flash_attention_2": "flash2",
    "flash_attention_3": "flash3",
    "math": "naive",
    "xformers": "efficient",
    "mem_efficient": "efficient",
}


def nearest_option(given: str, options: Collection[str]) -> str:
    """``"; did you mean --num-inference-steps?"`` for an option that there is not, or an empty string.

    Parameters
    ----------
    given : str
        As it was written.
    options : collection of str
        Of the command, with their dashes.
    """
    word = given.lstrip("-").replace("_", "-").lower()
    meant = [f"--{ours}" for ours, others in _MEANINGS.items() if word in others.split() or word == ours]
    found = [option for option in meant if option in options]
    return f"; did you mean {' or '.join(found)}?" if found else did_you_mean(given, options).replace("'", "")


def nearest_value(given: str, values: Collection[str]) -> str:
    """``"; did you mean 'compiled'?"`` for a value that there is not, or an empty string."""
    meant = _VALUES.get(given.lower(), "")
    return f"; did you mean {meant!r}?" if meant in values else did_you_mean(given, values)
