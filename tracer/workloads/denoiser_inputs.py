"""Example inputs of the denoisers of diffusers, from the signature of their forward pass and their config."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracer.graph import GraphError

from .inputs import meta_tensor

__all__ = ["LAYOUTS", "DenoiserLayout", "Denoising", "denoiser_inputs", "patch_edge"]

_FRAME_RATE = 25  # of LTXPipeline.__call__ [1/s]
# Tokens that Stable Diffusion 3 puts before those of T5: the two CLIP embeddings, side by side.
_CLIP_TOKENS = 77
_SIZE_CONDITIONS = 6  # original size, crop and target size of Stable Diffusion XL

_CROSS_AND_SPATIAL = {r"\.attn2$": "cross", r"\.attn1$": "spatial"}
_TEMPORAL = {r"(temp_attentions|transformer_in|motion_modules|temporal_transformer_blocks)\.": "temporal"}
_CROSS_AND_SELF = {r"^transformer\..*\.attn2$": "cross", r"^transformer\..*\.attn1$": "self"}
_JOINT = {r"^transformer\.": "joint"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DenoiserLayout:
    """How pipelines call a class of denoisers.

    Attributes
    ----------
    axes : str
        Axes of the latents in order, by initials: ``bcfhw`` is batch, channels, frames, height, width;
        ``blc`` is batch, tokens, channels.
    guidance : str
        ``batch``: unconditional samples in the same pass; ``passes``: in one of their own; ``input``: none, the
        scale is an input or the model needs none.
    pack : int
        Latent positions along an edge that one token holds, where the pipeline packs them (``blc``).
    masked_prompt : bool
        Whether the text encoder is given the padding mask.
    without : frozenset of str
        Arguments that the pipelines do not pass.
    attention_kinds : mapping of str to str
    dtype : str
        Half precision in which the models are published.
    """

    axes: str
    guidance: str = "batch"
    pack: int = 1
    masked_prompt: bool = False
    without: frozenset[str] = frozenset()
    attention_kinds: Mapping[str, str] = field(default_factory=dict)
    dtype: str = "bfloat16"


LAYOUTS: Mapping[str, DenoiserLayout] = {
    "UNet2DConditionModel": DenoiserLayout(axes="bchw", attention_kinds=_CROSS_AND_SPATIAL, dtype="float16"),
    "UNet3DConditionModel": DenoiserLayout(
        axes="bcfhw", attention_kinds={**_TEMPORAL, **_CROSS_AND_SPATIAL}, dtype="float16"
    ),
    "UNetMotionModel": DenoiserLayout(
        axes="bcfhw", attention_kinds={**_TEMPORAL, **_CROSS_AND_SPATIAL}, dtype="float16"
    ),
    "DiTTransformer2DModel": DenoiserLayout(axes="bchw", attention_kinds=_CROSS_AND_SPATIAL, dtype="float16"),
    "PixArtTransformer2DModel": DenoiserLayout(
        axes="bchw", masked_prompt=True, attention_kinds=_CROSS_AND_SPATIAL, dtype="float16"
    ),
    "HunyuanDiT2DModel": DenoiserLayout(
        axes="bchw", masked_prompt=True, attention_kinds=_CROSS_AND_SPATIAL, dtype="float16"
    ),
    "SanaTransformer2DModel": DenoiserLayout(axes="bchw", masked_prompt=True, attention_kinds=_CROSS_AND_SPATIAL),
    "SD3Transformer2DModel": DenoiserLayout(axes="bchw", attention_kinds=_JOINT),
    "AuraFlowTransformer2DModel": DenoiserLayout(axes="bchw", masked_prompt=True, attention_kinds=_JOINT),
    "FluxTransformer2DModel": DenoiserLayout(axes="blc", guidance="input", pack=2, attention_kinds=_JOINT),
    "QwenImageTransformer2DModel": DenoiserLayout(axes="blc", guidance="passes", pack=2, attention_kinds=_JOINT),
    "LatteTransformer3DModel": DenoiserLayout(
        axes="bcfhw",
        masked_prompt=True,
        without=frozenset({"encoder_attention_mask"}),
        attention_kinds={**_TEMPORAL, **_CROSS_AND_SPATIAL},
        dtype="float16",
    ),
    "CogVideoXTransformer3DModel": DenoiserLayout(axes="bfchw", attention_kinds=_JOINT),
    "LTXVideoTransformer3DModel": DenoiserLayout(axes="blc", attention_kinds=_CROSS_AND_SELF),
    "MochiTransformer3DModel": DenoiserLayout(
        axes="bcfhw", masked_prompt=True, attention_kinds={r"\.pooler$": "cross", **_JOINT}
    ),
    "HunyuanVideoTransformer3DModel": DenoiserLayout(
        axes="bcfhw",
        guidance="input",
        masked_prompt=True,
        attention_kinds={r"\.context_embedder\.": "self", **_JOINT},
    ),
    "WanTransformer3DModel": DenoiserLayout(
        axes="bcfhw", guidance="passes", masked_prompt=True, attention_kinds=_CROSS_AND_SELF
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Denoising:
    """What the inputs of one forward pass follow from.

    Attributes
    ----------
    layout : DenoiserLayout
    class_name : str
    config : mapping
        Fields of the model's ``config.json``, defaults filled in.
    samples : int
        Samples in the pass, those of guidance included.
    frames, height, width : int
        Extents of the latents.
    prompt_length : int
        Tokens of the padded prompt.
    spatial, temporal : int
        Pixels and frames per latent position.
    dtype : str
    """

    layout: DenoiserLayout
    class_name: str
    config: Mapping[str, Any]
    samples: int
    frames: int
    height: int
    width: int
    prompt_length: int
    spatial: int
    temporal: int
    dtype: str

    @property
    def tokens(self) -> int:
        """Tokens of a sample: latent positions, or squares of them that the pipeline or the model packs."""
        edge = self.layout.pack if self.layout.axes == "blc" else patch_edge(self.config)
        return self.frames * (self.height // edge) * (self.width // edge)

    def tensor(self, *shape: int, dtype: str = "") -> Any:
        """Input with the samples in front, at the dtype of the pass unless another is named."""
        return meta_tensor((self.samples, *shape), dtype or self.dtype)


def patch_edge(config: Mapping[str, Any]) -> int:
    """Latent positions along an edge of a patch; a patch of a video gives frames, rows and columns."""
    patch = config.get("patch_size") or 1
    return int(patch[-1] if isinstance(patch, list | tuple) else patch)


def denoiser_inputs(forward: Callable[..., Any], denoising: Denoising) -> dict[str, Any]:
    """Arguments for one call of `forward`, on the meta device.

    Parameters
    ----------
    forward : callable
        Unbound forward pass of the denoiser's class.
    denoising : Denoising

    Raises
    ------
    GraphError
        The forward pass requires an argument that is not known here.
    """
    inputs: dict[str, Any] = {}
    for parameter in list(inspect.signature(forward).parameters.values())[1:]:
        make = _ARGUMENTS.get(parameter.name)
        value = make(denoising) if make and parameter.name not in denoising.layout.without else None
        if value is not None:
            inputs[parameter.name] = value
        elif parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            raise GraphError(f"{denoising.class_name} needs {parameter.name}, which cannot be made here")
    return inputs


def _latents(d: Denoising) -> Any:
    extents = {
        "b": d.samples,
        "c": int(d.config["in_channels"]),
        "f": d.frames,
        "h": d.height,
        "w": d.width,
        "l": d.tokens,
    }
    return meta_tensor(tuple(extents[axis] for axis in d.layout.axes), d.dtype)


def _timestep(d: Denoising) -> Any:
    """One number for a U-Net, one for each sample of a transformer."""
    return meta_tensor((), "int64") if d.class_name.startswith("UNet") else d.tensor()


def _prompts(d: Denoising) -> Any:
    keys = (
        "caption_channels",
        "joint_attention_dim",
        "text_embed_dim",
        "text_dim",
        "encoder_hid_dim",
        "cross_attention_dim",
    )
    widths = [d.config[key] for key in keys if d.config.get(key)]
    if not widths:
        return None
    width = widths[0] if isinstance(widths[0], int) else widths[0][0]
    length = int(d.config.get("text_len") or d.prompt_length)
    if d.class_name == "SD3Transformer2DModel":
        length += _CLIP_TOKENS
    # The motion U-Net runs frame by frame in its batch, and the pipeline repeats the prompt for each.
    samples = d.samples * (d.frames if d.class_name == "UNetMotionModel" else 1)
    return meta_tensor((samples, length, int(width)), d.dtype)


def _added_conditions(d: Denoising) -> Any:
    if d.class_name == "PixArtTransformer2DModel":
        sized = _sizes_are_conditions(d.config)
        return {
            "resolution": d.tensor(2) if sized else None,
            "aspect_ratio": d.tensor(1) if sized else None,
        }
    if d.config.get("addition_embed_type") != "text_time":
        return None
    embedded = _SIZE_CONDITIONS * int(d.config["addition_time_embed_dim"])
    pooled = int(d.config["projection_class_embeddings_input_dim"]) - embedded
    return {"text_embeds": d.tensor(pooled), "time_ids": d.tensor(_SIZE_CONDITIONS)}


def _sizes_are_conditions(config: Mapping[str, Any]) -> bool:
    """PixArtTransformer2DModel takes sizes where it is told to, or else where it is trained at 1024 pixels."""
    told = config.get("use_additional_conditions")
    return bool(config.get("sample_size") == 128 if told is None else told)


def _rotary_tables(d: Denoising) -> Any:
    """Cosines and sines of all positions, which the pipelines make once, before the first step."""
    if d.class_name == "CogVideoXTransformer3DModel" and not d.config.get("use_rotary_positional_embeddings"):
        return None
    shape = (d.tokens, int(d.config["attention_head_dim"]))
    return meta_tensor(shape, "float32"), meta_tensor(shape, "float32")


def _configured(key: str, make: Callable[[Denoising, int], Any]) -> Callable[[Denoising], Any]:
    """Argument that is given only where the configuration has `key`, whose value `make` takes."""
    return lambda d: make(d, int(d.config[key])) if d.config.get(key) else None


_ARGUMENTS: Mapping[str, Callable[[Denoising], Any]] = {
    "sample": _latents,
    "hidden_states": _latents,
    "timestep": _timestep,
    "timestep_cond": _configured("time_cond_proj_dim", lambda d, width: d.tensor(width)),
    "encoder_hidden_states": _prompts,
    "encoder_attention_mask": lambda d: (
        None if d.class_name.startswith("UNet") else d.tensor(d.prompt_length, dtype="int64")
    ),
    "pooled_projections": _configured("pooled_projection_dim", lambda d, width: d.tensor(width)),
    "guidance": _configured("guidance_embeds", lambda d, _: d.tensor(dtype="float32")),
    "added_cond_kwargs": _added_conditions,
    "class_labels": lambda d: d.tensor(dtype="int64") if d.class_name == "DiTTransformer2DModel" else None,
    "img_ids": lambda d: meta_tensor((d.tokens, 3), d.dtype),
    "txt_ids": lambda d: meta_tensor((d.prompt_length, 3), d.dtype),
    "image_rotary_emb": _rotary_tables,
    "img_shapes": lambda d: [[(1, d.height // d.layout.pack, d.width // d.layout.pack)]] * d.samples,
    "text_embedding_mask": _configured("text_len", lambda d, length: d.tensor(length, dtype="int64")),
    "encoder_hidden_states_t5": _configured(
        "text_len_t5", lambda d, length: d.tensor(length, int(d.config["cross_attention_dim_t5"]))
    ),
    "text_embedding_mask_t5": _configured("text_len_t5", lambda d, length: d.tensor(length, dtype="int64")),
    "image_meta_size": lambda d: d.tensor(_SIZE_CONDITIONS),
    "style": lambda d: d.tensor(dtype="int64"),
    "num_frames": lambda d: d.frames,
    "height": lambda d: d.height,
    "width": lambda d: d.width,
    "rope_interpolation_scale": lambda d: (d.temporal / _FRAME_RATE, d.spatial, d.spatial),
}
