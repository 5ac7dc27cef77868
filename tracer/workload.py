"""What is asked of a pipeline: the settings of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from hw_specs.terminal.meanings import unknown

from .dtypes import BITS
from .errors import GraphError

__all__ = ["AUTOENCODER_DTYPES", "KEY_VALUE_CACHES", "KEY_VALUE_DTYPES", "Workload"]

# Products of a few counts stay within 64 bits.
_LARGEST_COUNT = 10**9

AUTOENCODER_DTYPES = ("float32", "bfloat16", "float16")
"""Formats in which convolutions of an autoencoder are computed."""

KEY_VALUE_CACHES = ("dynamic", "static", "masked", "paged")
"""How keys and values of earlier tokens are kept: see ``kv_cache`` of :class:`Workload`."""

KEY_VALUE_DTYPES = {"fp8": "float8_e4m3fn", "int8": "int8"}
"""Narrow formats in which keys and values of earlier tokens are kept, with torch's names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What is asked of a pipeline, in the names of diffusers and transformers. ``None`` means not applicable.

    Attributes
    ----------
    batch : int
        Outputs per run (images, videos or sequences), before guidance doubles it.
    height, width : int, optional
        Size of the output. [pixel]
    num_frames : int, optional
        Frames of a video.
    num_inference_steps : int, optional
        Denoising or parallel-decoding steps of the main stage.
    scheduler : str, optional
        How steps are made, by a name of :data:`tracer.workloads.schedulers.SCHEDULERS`: some run the denoiser once
        more, or twice a step. None: once a step.
    strength : float, optional
        Share of the noise that an image is given before it is denoised, and of the steps that are then left.
    guidance_scale : float, optional
        Classifier-free guidance; above 1 it doubles the denoiser's batch.
    prompt_length : int, optional
        Tokens of the prompt, as padded by the pipeline.
    max_new_tokens : int, optional
        Tokens that a language model generates.
    context_length : int, optional
        Tokens whose keys and values are in the cache before the prompt comes.
    kv_cache : {"dynamic", "static", "masked", "paged"}, optional
        How keys and values of earlier tokens are kept. ``dynamic``: concatenated anew with each token. ``static``:
        written into room for all tokens, of which attention reads what is filled. ``masked``: the same room, all of
        which attention reads under a mask. ``paged``: in blocks of a pool, as serving engines keep them.
    dtype : str
        torch's name of the dtype of weights and activations.
    kv_cache_dtype : {"fp8", "int8"}, optional
        Format in which keys and values of earlier tokens are kept, where it is not `dtype`.
    step_cache : str, optional
        Share of the denoiser's runs in which its blocks are skipped, and by what: :mod:`tracer.step_cache`.
    lora : str, optional
        Rank of an adapter of the denoiser's attention, and whether its products run by themselves: ``16``, whose are
        in the weights, or ``16,unfused`` (:mod:`tracer.workloads.low_rank_adapters`).
    vae_dtype : str, optional
        torch's name of the dtype of the autoencoder; that of the pipeline where it is None.
    vae_tiling, vae_slicing : bool, optional
        Whether the autoencoder works on overlapping tiles of a picture, and on one output after another.
    """

    batch: int = 1
    height: int | None = None
    width: int | None = None
    num_frames: int | None = None
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    prompt_length: int | None = None
    max_new_tokens: int | None = None
    context_length: int | None = None
    kv_cache: str | None = None
    dtype: str = "float16"
    scheduler: str | None = None
    strength: float | None = None
    kv_cache_dtype: str | None = None
    step_cache: str | None = None
    lora: str | None = None
    vae_dtype: str | None = None
    vae_tiling: bool | None = None
    vae_slicing: bool | None = None

    def __post_init__(self) -> None:
        """Refuse counts that are not positive or beyond all measure, and unknown dtypes."""
        for item in fields(self):
            value = getattr(self, item.name)
            if not isinstance(value, int) or isinstance(value, bool) or item.name == "guidance_scale":
                continue
            least = 0 if item.name == "context_length" else 1
            if value < least:
                raise GraphError(f"{item.name} is {value}; it must be at least {least}")
            if value > _LARGEST_COUNT:
                raise GraphError(f"{item.name} is {value}; it must be at most {_LARGEST_COUNT}")
        if self.guidance_scale is not None and not 0 <= self.guidance_scale < math.inf:
            raise GraphError(f"guidance_scale is {self.guidance_scale}; it must be finite and not negative")
        if self.kv_cache not in (None, *KEY_VALUE_CACHES):
            raise GraphError(unknown("kv_cache", self.kv_cache or "", KEY_VALUE_CACHES))
        if self.kv_cache_dtype not in (None, *KEY_VALUE_DTYPES):
            raise GraphError(unknown("kv_cache_dtype", self.kv_cache_dtype or "", KEY_VALUE_DTYPES))
        if self.dtype not in BITS:
            raise GraphError(unknown("dtype", self.dtype, sorted(BITS)))
        if self.vae_dtype not in (None, *AUTOENCODER_DTYPES):
            raise GraphError(f"vae_dtype {self.vae_dtype} is impossible; valid: {', '.join(AUTOENCODER_DTYPES)}")
        if self.strength is not None and not 0 < self.strength <= 1:
            raise GraphError(f"strength is {self.strength}; it must be above 0 and at most 1")

    @property
    def guided(self) -> bool:
        """Whether classifier-free guidance runs a second, unconditional sample beside each one."""
        return self.guidance_scale is not None and self.guidance_scale > 1
