"""Wan 2.1 and 2.2: full attention over space-time tokens, cross-attention to the prompt, a causal video VAE.

Wan 2.2 A14B has two transformers: one for the noisier steps, one for the rest. Wan 2.2 TI2V 5B has an autoencoder of
twice the compression in space, and every token has a time of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tracer.graph import Workload

from .inputs import meta_tensor
from .latent_video import TensorShapes, VideoRun, denoiser_stage, video_run
from .pipeline import FrameRate, Limits, Pipeline, StageSpec

if TYPE_CHECKING:
    import torch

__all__ = ["PIPELINES"]

_LATENT_CHANNELS = 16
_TEMPORAL_COMPRESSION = 4
_PATCH = 2
_VAE_DTYPE = "float32"  # as every model card loads it

# Wan-AI/Wan2.1-T2V-14B-Diffusers, transformer/config.json; both transformers of Wan2.2-T2V-A14B-Diffusers.
_TRANSFORMER_14B = {
    "attention_head_dim": 128,
    "cross_attn_norm": True,
    "eps": 1e-6,
    "ffn_dim": 13824,
    "freq_dim": 256,
    "in_channels": _LATENT_CHANNELS,
    "num_attention_heads": 40,
    "num_layers": 40,
    "out_channels": _LATENT_CHANNELS,
    "patch_size": (1, _PATCH, _PATCH),
    "qk_norm": "rms_norm_across_heads",
    "rope_max_seq_len": 1024,
    "text_dim": 4096,
}
# Wan-AI/Wan2.1-T2V-1.3B-Diffusers, transformer/config.json.
_TRANSFORMER_1_3B = {**_TRANSFORMER_14B, "ffn_dim": 8960, "num_attention_heads": 12, "num_layers": 30}

# Wan-AI/Wan2.1-T2V-14B-Diffusers, vae/config.json; the same in Wan 2.2 A14B.
_VAE = {
    "base_dim": 96,
    "z_dim": _LATENT_CHANNELS,
    "dim_mult": (1, 2, 4, 4),
    "num_res_blocks": 2,
    "attn_scales": (),
    "temperal_downsample": (False, True, True),
    "dropout": 0.0,
}

# Wan-AI/Wan2.2-TI2V-5B-Diffusers, transformer/config.json (wan/configs/wan_ti2v_5B.py of the authors' own code).
_TRANSFORMER_5B = {
    **_TRANSFORMER_14B,
    "ffn_dim": 14336,
    "in_channels": 48,
    "num_attention_heads": 24,
    "num_layers": 30,
    "out_channels": 48,
}
# Wan-AI/Wan2.2-TI2V-5B-Diffusers, vae/config.json; diffusers scripts/convert_wan_to_diffusers.py.
_VAE_5B = {
    **_VAE,
    "base_dim": 160,
    "decoder_base_dim": 256,
    "z_dim": 48,
    "in_channels": 12,
    "out_channels": 12,
    "patch_size": 2,
    "is_residual": True,
    "scale_factor_spatial": 16,
}

# Wan-AI/Wan2.2-T2V-A14B-Diffusers, model_index.json: share of the training steps below which the second
# transformer takes over.
_BOUNDARY = 0.875
# UniPCMultistepScheduler of the Wan pipelines (diffusers docs, api/pipelines/wan.md).
_TRAINING_STEPS = 1000
_SCHEDULER = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0}

# Name of a component -> steps that it takes.
_Experts = Callable[[int], Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Networks:
    """What a model is made of, by the fields of its published files.

    Attributes
    ----------
    transformer, vae : mapping
        Of the transformers, which are alike, and of the autoencoder.
    experts : callable
        ``experts(steps)``: the steps that each transformer takes.
    own_times : bool
        Whether each token has a time of its own (``expand_timesteps`` in model_index.json).
    """

    transformer: Mapping[str, Any]
    vae: Mapping[str, Any]
    experts: _Experts
    own_times: bool = False

    @property
    def downsampling(self) -> int:
        """Pixels along an edge of a latent position."""
        return int(self.vae.get("scale_factor_spatial", 8))

    @property
    def pixel_patch(self) -> int:
        """Pixels along an edge that the autoencoder takes as channels."""
        return int(self.vae.get("patch_size", 1))

    def latents(self, run: VideoRun) -> tuple[int, ...]:
        """Shape of a run's latents."""
        extents = (run.height // self.downsampling, run.width // self.downsampling)
        return run.batch, self.vae["z_dim"], run.latent_frames(_TEMPORAL_COMPRESSION), *extents


def build(networks: _Networks, workload: Workload) -> list[StageSpec]:
    """UMT5 and the transformer on prompt and negative prompt in passes of their own, frames decoded in turn."""
    from diffusers import AutoencoderKLWan, WanTransformer3DModel

    from .construction import diffusers_module
    from .text_encoders import text_stage
    from .video_conditioning import umt5_xxl

    run = video_run(workload)
    latents = networks.latents(run)
    tokens = latents[2] * (latents[3] // _PATCH) * (latents[4] // _PATCH)
    inputs: TensorShapes = {
        "hidden_states": (latents, run.dtype),
        "timestep": ((run.batch, tokens), "float32") if networks.own_times else ((run.batch,), "int64"),
        "encoder_hidden_states": ((run.batch, run.prompt_length, 4096), run.dtype),
    }
    return [
        text_stage(umt5_xxl(run.dtype), batch=run.batch, length=run.prompt_length, masked=True, repeats=run.prompts),
        *(
            # The pipeline runs the negative prompt in a second forward pass instead of a doubled batch.
            denoiser_stage(
                diffusers_module(WanTransformer3DModel, networks.transformer, run.dtype),
                inputs,
                repeats=steps * run.prompts,
                name=name,
            )
            for name, steps in networks.experts(run.steps).items()
        ),
        *_decoder_stages(diffusers_module(AutoencoderKLWan, networks.vae, _VAE_DTYPE), networks, run),
    ]


def _one_transformer(steps: int) -> dict[str, int]:
    return {"transformer": steps}


def _two_transformers(steps: int) -> dict[str, int]:
    """Steps above and below the boundary of the published schedule; none of either leaves a transformer out."""
    from diffusers import UniPCMultistepScheduler

    scheduler = UniPCMultistepScheduler(num_train_timesteps=_TRAINING_STEPS, **_SCHEDULER)
    scheduler.set_timesteps(steps)
    noisy = sum(int(time) >= _BOUNDARY * _TRAINING_STEPS for time in scheduler.timesteps)
    shares = {"transformer": noisy, "transformer_2": steps - noisy}
    return {name: share for name, share in shares.items() if share}


def _decoder_stages(vae: Any, networks: _Networks, run: VideoRun) -> list[StageSpec]:
    """One latent frame at a time, each with the last inputs of the convolutions before it (``_decode``).

    The first frame finds no caches and gives one picture, the second finds half of them, and from the third
    on all passes are alike, but for the video that they append to. Caches are made here, outside the stages.
    """
    import torch

    latents = networks.latents(run)
    frames, video = latents[2], partial(_video, run, networks.pixel_patch)
    caches: list[list[Any]] = [_empty_caches(vae)]
    with torch.no_grad():
        for index in range(min(frames, 2)):
            caches.append(list(caches[-1]))
            _decode_frame(vae, latents, caches[-1], first=index == 0)

    def first(autoencoder: Any, repeat: int) -> object:
        autoencoder.post_quant_conv(meta_tensor(latents, _VAE_DTYPE))
        return _decode_frame(autoencoder, latents, list(caches[0]), first=True)

    def later(autoencoder: Any, repeat: int, *, start: int) -> object:
        pixels = _decode_frame(autoencoder, latents, list(caches[start]), first=False)
        return torch.cat([video(start + repeat), pixels], dim=2)

    def clamp(autoencoder: Any, repeat: int) -> object:
        return torch.clamp(_unpatched(video(frames), networks.pixel_patch), min=-1.0, max=1.0)

    stage = partial(StageSpec, component="vae", module=vae)
    stages = [stage(name="vae_decoder_first", run=first)]
    if frames > 1:
        stages.append(stage(name="vae_decoder_second", run=partial(later, start=1)))
    if frames > 2:
        stages.append(stage(name="vae_decoder", run=partial(later, start=2), repeats=frames - 2, grows=frames > 3))
    return [*stages, stage(name="vae_clamp", run=clamp)]


def _empty_caches(vae: Any) -> list[Any]:
    vae.clear_cache()
    return list(vae._feat_map)


def _decode_frame(vae: Any, latents: tuple[int, ...], caches: list[Any], *, first: bool) -> torch.Tensor:
    """Pixels of one latent frame; fills `caches`."""
    frame = meta_tensor((*latents[:2], 1, *latents[3:]), _VAE_DTYPE)
    pixels: torch.Tensor = vae.decoder(frame, feat_cache=caches, feat_idx=[0], first_chunk=first)
    return pixels


def _video(run: VideoRun, patch: int, latent_frames: int) -> torch.Tensor:
    """Pixels of the first latent frames, squares of them as channels."""
    frames = 1 + (latent_frames - 1) * _TEMPORAL_COMPRESSION
    return meta_tensor((run.batch, 3 * patch**2, frames, run.height // patch, run.width // patch), _VAE_DTYPE)


def _unpatched(video: torch.Tensor, patch: int) -> torch.Tensor:
    """Channels that hold squares of pixels, laid out as pixels."""
    from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify

    pixels: torch.Tensor = video if patch == 1 else unpatchify(video, patch_size=patch)
    return pixels


_FRAME_RATE = FrameRate(16.0, "diffusers 0.42.1, pipelines/wan/pipeline_wan.py, example: export_to_video, fps 16")


def _pipeline(
    name: str,
    title: str,
    defaults: Workload,
    networks: _Networks,
    transformers: Mapping[str, float],
    *,
    source: str,
    vae: float = 508e6 / 4,
    rounded: frozenset[str] = frozenset(),
    frame_rate: FrameRate = _FRAME_RATE,
    choices: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
) -> Pipeline:
    return Pipeline(
        name=name,
        title=title,
        aliases=aliases,
        defaults=defaults,
        build=partial(build, networks),
        limits=Limits(prompt=512),
        frame_rate=frame_rate,
        sources=(
            "Wan Team 2025, Wan: Open and Advanced Large-Scale Video Generative Models, arXiv:2503.20314",
            f"huggingface.co/Wan-AI/{source} (config.json of each component, README.md: settings)",
            "diffusers 0.42.1, pipelines/wan/pipeline_wan.py",
        ),
        # The files of text encoder and VAE hold 22.73 GB and 508 MB of float32.
        parameters={"text_encoder": 22.73e9 / 4, **transformers, "vae": vae},
        rounded=rounded,
        size_multiple=networks.downsampling * _PATCH,
        frame_rule=(_TEMPORAL_COMPRESSION, 1),
        attention_kinds={
            r"^transformer(_2)?\..*\.attn1$": "self",
            r"^transformer(_2)?\..*\.attn2$": "cross",
        },
        choices=(
            "The VAE runs in float32, as the model card loads it, whatever the dtype of the rest.",
            "The VAE decodes whole frames: tiling is off unless the pipeline is told otherwise.",
            *choices,
        ),
        family="video",
    )


_SETTINGS_720P = Workload(
    height=720,
    width=1280,
    num_frames=81,
    num_inference_steps=50,
    guidance_scale=5.0,
    prompt_length=512,
    dtype="bfloat16",
)
# The files hold 5.68 GB of float32 and 28.58 GB of half precision.
_PARAMETERS_1_3B, _PARAMETERS_14B = 5.68e9 / 4, 28.58e9 / 2

PIPELINES = (
    _pipeline(
        "wan2.1-1.3b",
        "Wan 2.1 1.3B",
        replace(_SETTINGS_720P, height=480, width=832),
        _Networks(transformer=_TRANSFORMER_1_3B, vae=_VAE, experts=_one_transformer),
        {"transformer": _PARAMETERS_1_3B},
        source="Wan2.1-T2V-1.3B-Diffusers",
    ),
    _pipeline(
        "wan2.1-14b",
        "Wan 2.1 14B",
        _SETTINGS_720P,
        _Networks(transformer=_TRANSFORMER_14B, vae=_VAE, experts=_one_transformer),
        {"transformer": _PARAMETERS_14B},
        source="Wan2.1-T2V-14B-Diffusers",
    ),
    _pipeline(
        "wan2.2-a14b",
        "Wan 2.2 A14B",
        replace(_SETTINGS_720P, num_inference_steps=40, guidance_scale=4.0),
        _Networks(transformer=_TRANSFORMER_14B, vae=_VAE, experts=_two_transformers),
        {"transformer": _PARAMETERS_14B, "transformer_2": _PARAMETERS_14B},
        source="Wan2.2-T2V-A14B-Diffusers",
        choices=(
            "Steps are divided at 0.875 of the schedule with a shift of 3, diffusers' default for Wan; the "
            "authors' own code shifts by 12, which gives the first transformer more of them. The two cost the "
            "same.",
        ),
        aliases=("wan2.2", "wan2.2-14b"),
    ),
    _pipeline(
        "wan2.2-ti2v-5b",
        "Wan 2.2 TI2V 5B",
        replace(_SETTINGS_720P, height=704, num_frames=121),
        _Networks(transformer=_TRANSFORMER_5B, vae=_VAE_5B, experts=_one_transformer, own_times=True),
        {"transformer": 5e9},
        source="Wan2.2-TI2V-5B-Diffusers",
        # The file holds 2.82 GB of float32.
        vae=2.82e9 / 4,
        rounded=frozenset({"transformer"}),
        frame_rate=FrameRate(24.0, "github.com/Wan-Video/Wan2.2, wan/configs/wan_ti2v_5B.py: sample_fps"),
        choices=("Text to video: the image that the model can start from is left out.",),
        aliases=("wan2.2-5b", "wan2.2-t2v-5b"),
    ),
)
