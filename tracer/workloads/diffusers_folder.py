"""Pipelines from a folder in the format of diffusers, for models that have no file here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tracer.graph import Workload

from .denoiser_inputs import LAYOUTS, DenoiserLayout, Denoising, denoiser_inputs, patch_edge
from .folder_parts import LEFT_OUT, FolderError, FolderPart, PipelineFolder, explained, read_folder
from .latent_video import frame_decoder_stages
from .pipeline import Pipeline, StageSpec
from .text_encoders import text_stage

__all__ = ["FolderError", "pipeline_from_folder"]

# What the pipelines take where neither their call nor a configuration says it.
_SAMPLE_SIZE = 128  # [latent positions]
_CLIP_LENGTH = 77  # [tokens]
_SIZES = {"MochiPipeline": (480, 848)}  # [pixel]
_PROMPT_LENGTHS = {"LattePipeline": 120, "HunyuanDiTPipeline": 256}


def pipeline_from_folder(path: str | Path) -> Pipeline:
    """Pipeline that a folder of diffusers describes.

    Parameters
    ----------
    path : str or Path
        Folder with ``model_index.json`` and a folder with ``config.json`` for each component. Weights are not
        needed; no code of the folder runs.

    Raises
    ------
    FolderError
        A file is missing or malformed, or a component is not supported; one line says which.
    """
    folder = read_folder(Path(path))
    layout = _layout(folder)
    with explained(folder.path, "vae"):
        spatial, temporal = _compression(folder)
    with explained(folder.path, folder.class_name):
        defaults = _defaults(folder, layout, spatial)
        multiple = spatial * max(patch_edge(folder.denoiser.config), layout.pack)
    is_video = defaults.num_frames is not None
    return Pipeline(
        name=folder.path.resolve().name,
        title=folder.class_name,
        defaults=defaults,
        build=partial(_build, folder, layout, (spatial, temporal)),
        sources=(str(folder.path), f"diffusers, {folder.class_name}"),
        parameters={},
        size_multiple=multiple,
        frame_rule=(temporal, 1) if is_video and temporal > 1 else (1, 0),
        attention_kinds=layout.attention_kinds,
        choices=(
            "Settings are the defaults of the pipeline's call; the dtype is the half precision in which models "
            "of this class are published.",
            "Tokens that a pipeline puts around the prompt (instructions, chat templates) are not known.",
            *(f"{name} is left out: {LEFT_OUT[name]}." for name in folder.index if name in LEFT_OUT),
        ),
        family="video" if is_video else "image",
    )


def _layout(folder: PipelineFolder) -> DenoiserLayout:
    name = folder.denoiser.class_name
    if name not in LAYOUTS:
        raise FolderError(f"{folder.path}: denoiser {name} is not supported; valid: {', '.join(LAYOUTS)}")
    return LAYOUTS[name]


def _compression(folder: PipelineFolder) -> tuple[int, int]:
    """Pixels along an edge, and frames, of one latent position."""
    if "vae" not in folder.parts:
        return 1, 1
    vae: Any = folder.parts["vae"].module("float32")
    config = vae.config
    halvings = len(config.get("block_out_channels") or (0,)) - 1
    spatial = _ratio(vae, "spatial_compression_ratio") or 2**halvings
    temporal = _ratio(vae, "temporal_compression_ratio")
    return spatial, temporal or 2 ** sum(config.get("temperal_downsample") or ())


def _ratio(vae: Any, name: str) -> int:
    """Configured or worked out by the autoencoder, or else 0."""
    return int(vae.config.get(name) or vars(vae).get(name) or 0)


def _defaults(folder: PipelineFolder, layout: DenoiserLayout, spatial: int) -> Workload:
    height, width = _default_size(folder, spatial)
    guidance = folder.default("guidance_scale", "true_cfg_scale")
    if folder.denoiser.class_name == "FluxTransformer2DModel" and not folder.denoiser.config.get("guidance_embeds"):
        guidance = None  # distilled to few steps, without an input for the scale
    frames = folder.default("num_frames", "video_length")
    if frames is None and "f" in layout.axes:
        frames = folder.denoiser.config.get("sample_frames") or 1
    return Workload(
        height=height,
        width=width,
        num_frames=frames,
        num_inference_steps=folder.default("num_inference_steps"),
        guidance_scale=None if guidance is None else float(guidance),
        prompt_length=_default_prompt_length(folder),
        dtype=layout.dtype,
    )


def _default_size(folder: PipelineFolder, spatial: int) -> tuple[int, int]:
    """Of the pipeline's call, else of the denoiser's training. [pixel]"""
    if folder.class_name in _SIZES:
        return _SIZES[folder.class_name]
    config = folder.denoiser.config
    trained = config.get("sample_size") or _SAMPLE_SIZE
    rows, columns = trained if isinstance(trained, list) else (trained, trained)
    height = folder.default("height") or int(config.get("sample_height") or rows) * spatial
    width = folder.default("width") or int(config.get("sample_width") or columns) * spatial
    return int(height), int(width)


def _default_prompt_length(folder: PipelineFolder) -> int | None:
    if not folder.text_encoders:
        return None
    padded = folder.default("max_sequence_length") or _PROMPT_LENGTHS.get(folder.class_name)
    return int(padded or folder.text_encoders[0].config.get("max_position_embeddings") or _CLIP_LENGTH)


def _build(
    folder: PipelineFolder, layout: DenoiserLayout, compression: tuple[int, int], workload: Workload
) -> list[StageSpec]:
    stages = []
    for part in folder.text_encoders:
        with explained(folder.path, part.name):
            stages.append(_text_stage(folder, part, layout, workload))
    with explained(folder.path, folder.denoiser.name):
        stages.append(_denoiser_stage(folder, layout, compression, workload))
    if "vae" in folder.parts:
        with explained(folder.path, "vae"):
            stages += _decoder_stages(folder, compression, workload)
    return [replace(stage, run=partial(_explained_run, folder.path, stage)) for stage in stages]


def _explained_run(path: Path, stage: StageSpec, module: Any, repeat: int) -> object:
    with explained(path, stage.name):
        return stage.run(module, repeat)


def _text_stage(folder: PipelineFolder, part: FolderPart, layout: DenoiserLayout, workload: Workload) -> StageSpec:
    # Stable Diffusion XL takes zeros for an empty negative prompt.
    zeros = folder.index.get("force_zeros_for_empty_prompt", True) and "XL" in folder.class_name
    twice = workload.guided and layout.guidance != "input" and not zeros
    clip = part.class_name.startswith("CLIP")
    return text_stage(
        part.module(workload.dtype),
        batch=workload.batch,
        length=_text_length(folder, part, workload),
        name=part.name,
        masked=layout.masked_prompt and not clip,
        repeats=2 if twice else 1,
    )


def _text_length(folder: PipelineFolder, part: FolderPart, workload: Workload) -> int:
    """Tokens that an encoder sees: CLIP its whole context, others the padded prompt."""
    if part.class_name.startswith("CLIP"):
        return int(part.config.get("max_position_embeddings") or _CLIP_LENGTH)
    if part.name == "text_encoder" and folder.denoiser.config.get("text_len"):
        return int(folder.denoiser.config["text_len"])
    return workload.prompt_length or 1


def _latent_extents(compression: tuple[int, int], workload: Workload) -> tuple[int, int, int]:
    """Frames, rows and columns of the latents."""
    spatial, temporal = compression
    frames = workload.num_frames or 1
    latent_frames = (frames - 1) // temporal + 1 if temporal > 1 else frames
    return latent_frames, (workload.height or 0) // spatial, (workload.width or 0) // spatial


def _denoiser_stage(
    folder: PipelineFolder, layout: DenoiserLayout, compression: tuple[int, int], workload: Workload
) -> StageSpec:
    part = folder.denoiser
    module: Any = part.module(workload.dtype)
    frames, height, width = _latent_extents(compression, workload)
    denoising = Denoising(
        layout=layout,
        class_name=part.class_name,
        config=module.config,
        samples=workload.batch * (2 if workload.guided and layout.guidance == "batch" else 1),
        frames=frames,
        height=height,
        width=width,
        prompt_length=workload.prompt_length or 0,
        spatial=compression[0],
        temporal=compression[1],
        dtype=workload.dtype,
    )
    call = _forward(part.class_name)

    def run(denoiser: Any, repeat: int) -> object:
        return call(denoiser, **denoiser_inputs(part.model_class.forward, denoising))

    passes = 2 if workload.guided and layout.guidance == "passes" else 1
    return StageSpec(
        name=part.name,
        component=part.name,
        module=module,
        run=run,
        repeats=passes * (workload.num_inference_steps or 1),
    )


def _forward(class_name: str) -> Callable[..., object]:
    """Call of a denoiser; one class needs help on meta tensors."""
    if class_name == "MochiTransformer3DModel":
        from .mochi import mochi_forward

        return mochi_forward
    return lambda denoiser, **inputs: denoiser(**inputs, return_dict=False)


def _decoder_stages(folder: PipelineFolder, compression: tuple[int, int], workload: Workload) -> list[StageSpec]:
    """The video whole where the decoder convolves over frames, else frame by frame in the pipeline's chunks."""
    from torch import nn

    from .autoencoders import decoder_stage

    part = folder.parts["vae"]
    # The pipeline of Stable Diffusion XL casts a float16 decoder up before it decodes.
    upcast = "XL" in folder.class_name and part.config.get("force_upcast", True)
    dtype = "float32" if upcast and workload.dtype == "float16" else workload.dtype
    module: Any = part.module(dtype)
    channels = _latent_channels(module.config)
    frames, *size = _latent_extents(compression, workload)
    if any(isinstance(layer, nn.Conv3d) for layer in module.modules()):
        return [decoder_stage(module, (workload.batch, channels, frames, *size), dtype=dtype)]
    pictures = workload.batch * frames
    chunk = int(folder.default("decode_chunk_size") or pictures)
    return frame_decoder_stages(module, (pictures, channels, size[0], size[1]), chunk=chunk, dtype=dtype)


def _latent_channels(config: Mapping[str, Any]) -> int:
    return int(config.get("latent_channels") or config["z_dim"])
