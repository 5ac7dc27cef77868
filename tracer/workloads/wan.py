"""Wan 2.1 and 2.2: full attention over space-time tokens, cross-attention to the prompt, a causal video VAE.

Wan 2.2 A14B has two transformers: one for the noisier steps, one for the rest. Wan 2.2 TI2V 5B has an autoencoder of
twice the compression in space, and every token has a time of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tracer.graph import Workload

from .inputs import meta_tensor
from .latent_video import TensorShapes, VideoRun, denoiser_stage, video_run
from .pipeline import FrameRate, Limits, Pipeline, StageSpec
from .wan_autoencoder import TEMPORAL_COMPRESSION, VAE_DTYPE, decoder_stages, encoder_stages

__all__ = ["PIPELINES"]

_LATENT_CHANNELS = 16
_PATCH = 2
_IMAGE_TOKENS = 257  # of CLIP: 16 x 16 patches and the one for all

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

# Wan-AI/Wan2.1-I2V-14B-480P-Diffusers and 720P, transformer/config.json (scripts/convert_wan_to_diffusers.py): noise,
# the latents of a video of the first frame alone, and four channels that say which frame that is.
_TRANSFORMER_I2V = {**_TRANSFORMER_14B, "in_channels": 36, "image_dim": 1280, "added_kv_proj_dim": 5120}
# Wan-AI/Wan2.2-I2V-A14B-Diffusers, both transformers: without the embedding of the image.
_TRANSFORMER_I2V_EXPERT = {**_TRANSFORMER_14B, "in_channels": 36}

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
_BOUNDARY_I2V = 0.9  # wan/configs/wan_i2v_A14B.py of the authors' own code
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
    def pictured(self) -> bool:
        """Whether the transformer takes the latents of a first frame beside the noise."""
        return bool(self.transformer["in_channels"] > self.vae["z_dim"])

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
        return run.batch, self.vae["z_dim"], run.latent_frames(TEMPORAL_COMPRESSION), *extents


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
        "hidden_states": ((latents[0], networks.transformer["in_channels"], *latents[2:]), run.dtype),
        "timestep": ((run.batch, tokens), "float32") if networks.own_times else ((run.batch,), "int64"),
        "encoder_hidden_states": ((run.batch, run.prompt_length, 4096), run.dtype),
    }
    if "image_dim" in networks.transformer:
        inputs = {**inputs, "encoder_hidden_states_image": ((run.batch, _IMAGE_TOKENS, 1280), run.dtype)}
    vae = diffusers_module(AutoencoderKLWan, networks.vae, VAE_DTYPE)
    return [
        text_stage(umt5_xxl(run.dtype), batch=run.batch, length=run.prompt_length, masked=True, repeats=run.prompts),
        *_picture_stages(vae, networks, run),
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
        *decoder_stages(vae, run, latents, patch=networks.pixel_patch),
    ]


def _picture_stages(vae: Any, networks: _Networks, run: VideoRun) -> list[StageSpec]:
    """CLIP on the picture where the transformer asks for that, and the autoencoder on a video of it and nothing."""
    from .video_conditioning import clip_vision_h

    def embed(encoder: Any, repeat: int) -> object:
        return encoder(meta_tensor((run.batch, 3, 224, 224), VAE_DTYPE), output_hidden_states=True)

    stages = []
    if "image_dim" in networks.transformer:
        module = clip_vision_h(VAE_DTYPE)
        stages.append(StageSpec(name="image_encoder", component="image_encoder", module=module, run=embed))
    return [*stages, *(encoder_stages(vae, run) if networks.pictured else [])]


def _one_transformer(steps: int) -> dict[str, int]:
    return {"transformer": steps}


def _two_transformers(steps: int, *, boundary: float = _BOUNDARY) -> dict[str, int]:
    """Steps above and below the boundary of the published schedule; none of either leaves a transformer out."""
    from diffusers import UniPCMultistepScheduler

    scheduler = UniPCMultistepScheduler(num_train_timesteps=_TRAINING_STEPS, **_SCHEDULER)
    scheduler.set_timesteps(steps)
    noisy = sum(int(time) >= boundary * _TRAINING_STEPS for time in scheduler.timesteps)
    shares = {"transformer": noisy, "transformer_2": steps - noisy}
    return {name: share for name, share in shares.items() if share}


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
        frame_rule=(TEMPORAL_COMPRESSION, 1),
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

_PICTURE = ("The picture is encoded as the first of a video whose other frames are empty, all of them, in float32.",)

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
    *(
        _pipeline(
            f"wan2.1-i2v-14b-{size}",
            f"Wan 2.1 I2V 14B {size}",
            settings,
            _Networks(transformer=_TRANSFORMER_I2V, vae=_VAE, experts=_one_transformer),
            {"image_encoder": 632e6, "transformer": 16.4e9},
            source=f"Wan2.1-I2V-14B-{size.upper()}-Diffusers",
            rounded=frozenset({"image_encoder", "transformer"}),
            choices=_PICTURE,
            aliases=aliases,
        )
        for size, settings, aliases in (
            ("480p", replace(_SETTINGS_720P, height=480, width=832), ("wan2.1-i2v-14b", "wan2.1-i2v")),
            ("720p", _SETTINGS_720P, ()),
        )
    ),
    _pipeline(
        "wan2.2-i2v-a14b",
        "Wan 2.2 I2V A14B",
        replace(_SETTINGS_720P, num_inference_steps=40, guidance_scale=3.5),
        _Networks(
            transformer=_TRANSFORMER_I2V_EXPERT, vae=_VAE, experts=partial(_two_transformers, boundary=_BOUNDARY_I2V)
        ),
        {"transformer": _PARAMETERS_14B, "transformer_2": _PARAMETERS_14B},
        source="Wan2.2-I2V-A14B-Diffusers",
        choices=(*_PICTURE, "Steps are divided at 0.9 of the schedule with a shift of 3."),
        aliases=("wan2.2-i2v",),
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
