"""What settings of a pipeline may be: what its networks have positions for, and what any machine can hold.

A setting beyond them is refused at once, with the number that would do. General bounds are wide: no product of today
holds a run at any of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracer.graph import GraphError, Workload

__all__ = ["LimitError", "Limits", "check_limits"]

# Pixels of a run, all outputs and frames. One tensor of 320 channels at an eighth of the size, as the first level of
# Stable Diffusion's U-Net has, then holds 172 GB of half precision.
_MOST_PIXELS = 2**34
# Outputs of a run, however small: several times the largest batch that anyone has published.
_MOST_OUTPUTS = 2**16
# Tokens of a run of a language model: keys and values of Llama 3.1 8B, which has few heads, are then 2.2 TB.
_MOST_TOKENS = 2**24
# Denoising steps: diffusers' schedulers are trained on 1000 times, and no step can be between two of them.
_MOST_STEPS = 1000
# An edge four times as long as that of the largest published pipelines (4096 pixels).
_LONGEST_EDGE = 16384
# Frames: a minute and more at every published rate, several times what any pipeline was trained on.
_MOST_FRAMES = 2048
# Tokens of a prompt where positions are relative: four times the most that a pipeline of diffusers takes.
_LONGEST_PROMPT = 4096
# Tokens of a sequence of a language model that states no limit.
_LONGEST_SEQUENCE = 2**20


class LimitError(GraphError):
    """A setting that a pipeline, or any machine, has no room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What settings of one pipeline may be.

    Attributes
    ----------
    smallest_edge : int
        Shortest height and width at which the deepest level of the networks has a position left. [pixel]
    longest_edge : int
        [pixel]
    frames : int
        Most frames of a video.
    prompt : int
        Most tokens of a prompt: positions of its text encoder, or what its pipeline cuts off at.
    sequence : int
        Most tokens of prompt and answer of a language model.
    """

    smallest_edge: int = 64
    longest_edge: int = _LONGEST_EDGE
    frames: int = _MOST_FRAMES
    prompt: int = _LONGEST_PROMPT
    sequence: int = _LONGEST_SEQUENCE


def check_limits(name: str, limits: Limits, workload: Workload) -> None:
    """Refuse settings out of bounds.

    Raises
    ------
    LimitError
        One line with the setting, the pipeline's name, and what would do.
    """
    for edge in ("height", "width"):
        _check_range(name, edge, getattr(workload, edge), limits.smallest_edge, limits.longest_edge)
    _check_range(name, "num_frames", workload.num_frames, 1, limits.frames)
    _check_range(name, "num_inference_steps", workload.num_inference_steps, 1, _MOST_STEPS)
    if workload.max_new_tokens is not None:
        _check_sequence(name, limits, workload)
    else:
        _check_range(name, "prompt_length", workload.prompt_length, 1, limits.prompt)
        _check_pixels(name, workload)


def _check_range(name: str, setting: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise LimitError(f"{setting} {value} is impossible for {name}; valid: {low} to {high}")


def _check_sequence(name: str, limits: Limits, workload: Workload) -> None:
    """Positions of one sequence, and the keys and values of all."""
    prompt, generated = workload.prompt_length or 1, workload.max_new_tokens or 1
    context = workload.context_length or 0
    if context and context + prompt + generated > limits.sequence:
        longest = max(limits.sequence - prompt - generated, 0)
        raise LimitError(
            f"context_length {context} is impossible for {name}, which has {limits.sequence} positions; valid: up to "
            f"{longest} before a prompt of {prompt} and {generated} new tokens"
        )
    if prompt >= limits.sequence:
        raise LimitError(
            f"prompt_length {prompt} is impossible for {name}, which has {limits.sequence} positions; "
            f"valid: up to {max(limits.sequence - generated, 1)} with {generated} new tokens"
        )
    if prompt + generated > limits.sequence:
        raise LimitError(
            f"max_new_tokens {generated} is impossible for {name}, which has {limits.sequence} positions; "
            f"valid: up to {limits.sequence - prompt} after a prompt of {prompt}"
        )
    tokens = context + prompt + generated
    _check_batch(name, workload, _MOST_TOKENS // tokens, f"of {tokens} tokens each")


def _check_pixels(name: str, workload: Workload) -> None:
    frames = workload.num_frames or 1
    pixels = (workload.height or 1) * (workload.width or 1) * frames
    each = f"of {workload.width} x {workload.height} pixels" + (f" and {frames} frames" if frames > 1 else "")
    _check_batch(name, workload, _MOST_PIXELS // pixels, each)


def _check_batch(name: str, workload: Workload, most: int, each: str) -> None:
    if most < 1:
        raise LimitError(f"one output {each} is more than any machine holds, for {name}; make it smaller")
    most = min(most, _MOST_OUTPUTS)
    if workload.batch > most:
        raise LimitError(f"batch {workload.batch} is impossible for {name}: {each}, valid are up to {most}")
