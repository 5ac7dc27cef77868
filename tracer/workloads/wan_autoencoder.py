"""The causal autoencoder of Wan: frames encoded and decoded in turn, with what convolutions keep of those before."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .inputs import meta_tensor
from .latent_video import VideoRun
from .pipeline import StageSpec

if TYPE_CHECKING:
    import torch

__all__ = ["TEMPORAL_COMPRESSION", "VAE_DTYPE", "decoder_stages", "encoder_stages"]

TEMPORAL_COMPRESSION = 4
"""Frames of a latent frame."""
VAE_DTYPE = "float32"
"""As every model card loads it."""


def encoder_stages(vae: Any, run: VideoRun) -> list[StageSpec]:
    """The first frame alone, then four at a time, each with the last inputs of convolutions before it (``_encode``).

    As in decoding, caches are none, half and all there in the first, the second and the other passes.
    """
    import torch

    passes = run.latent_frames(TEMPORAL_COMPRESSION)
    caches: list[list[Any]] = [_empty_encoder_caches(vae)]
    with torch.no_grad():
        for index in range(min(passes, 2)):
            caches.append(list(caches[-1]))
            _encode_frames(vae, run, caches[-1], first=index == 0)

    def encode(autoencoder: Any, repeat: int, *, start: int) -> object:
        return _encode_frames(autoencoder, run, list(caches[start]), first=start == 0)

    def whole(autoencoder: Any) -> object:
        return autoencoder.encode(meta_tensor((run.batch, 3, run.num_frames, run.height, run.width), VAE_DTYPE))

    stage = partial(StageSpec, component="vae", module=vae, whole=whole)
    names = {"vae_encoder_first": 1, "vae_encoder_second": 1, "vae_encoder": passes - 2}
    return [
        stage(name=name, run=partial(encode, start=start), repeats=repeats)
        for start, (name, repeats) in enumerate(names.items())
        if start < passes
    ]


def _empty_encoder_caches(vae: Any) -> list[Any]:
    vae.clear_cache()
    return list(vae._enc_feat_map)


def _encode_frames(vae: Any, run: VideoRun, caches: list[Any], *, first: bool) -> torch.Tensor:
    """Latents of the first frame or of four others; fills `caches`."""
    frames = meta_tensor((run.batch, 3, 1 if first else TEMPORAL_COMPRESSION, run.height, run.width), VAE_DTYPE)
    latents: torch.Tensor = vae.encoder(frames, feat_cache=caches, feat_idx=[0])
    return latents


def decoder_stages(vae: Any, run: VideoRun, latents: tuple[int, ...], *, patch: int) -> list[StageSpec]:
    """One latent frame at a time, each with the last inputs of the convolutions before it (``_decode``).

    The first frame finds no caches and gives one picture, the second finds half of them, and from the third
    on all passes are alike, but for the video that they append to. Caches are made here, outside the stages.
    `latents` is the shape of those of the whole video, `patch` the pixels along an edge that are channels.
    """
    import torch

    frames, video = latents[2], partial(_video, run, patch)
    caches: list[list[Any]] = [_empty_caches(vae)]
    with torch.no_grad():
        for index in range(min(frames, 2)):
            caches.append(list(caches[-1]))
            _decode_frame(vae, latents, caches[-1], first=index == 0)

    def first(autoencoder: Any, repeat: int) -> object:
        autoencoder.post_quant_conv(meta_tensor(latents, VAE_DTYPE))
        return _decode_frame(autoencoder, latents, list(caches[0]), first=True)

    def later(autoencoder: Any, repeat: int, *, start: int) -> object:
        pixels = _decode_frame(autoencoder, latents, list(caches[start]), first=False)
        return torch.cat([video(start + repeat), pixels], dim=2)

    def clamp(autoencoder: Any, repeat: int) -> object:
        return torch.clamp(_unpatched(video(frames), patch), min=-1.0, max=1.0)

    def whole(autoencoder: Any) -> object:
        return autoencoder.decode(meta_tensor(latents, VAE_DTYPE))

    stage = partial(StageSpec, component="vae", module=vae, whole=whole)
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
    frame = meta_tensor((*latents[:2], 1, *latents[3:]), VAE_DTYPE)
    pixels: torch.Tensor = vae.decoder(frame, feat_cache=caches, feat_idx=[0], first_chunk=first)
    return pixels


def _video(run: VideoRun, patch: int, latent_frames: int) -> torch.Tensor:
    """Pixels of the first latent frames, squares of them as channels."""
    frames = 1 + (latent_frames - 1) * TEMPORAL_COMPRESSION
    return meta_tensor((run.batch, 3 * patch**2, frames, run.height // patch, run.width // patch), VAE_DTYPE)


def _unpatched(video: torch.Tensor, patch: int) -> torch.Tensor:
    """Channels that hold squares of pixels, laid out as pixels."""
    from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify

    pixels: torch.Tensor = video if patch == 1 else unpatchify(video, patch_size=patch)
    return pixels
