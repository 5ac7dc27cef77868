# ruff: noqa: D107 (what a module is built from is documented with its class)
"""Networks of the Make-A-Video cascade: prior, video decoder and interpolation, and the two upsamplers."""

from __future__ import annotations

import torch
from diffusers import PriorTransformer
from torch import Tensor, nn
from torch.nn import functional

from .pixel_unet import ImageLayers, PixelUNet, PixelUNetConfig
from .pseudo_3d import VideoLayers
from .scalar_embedding import ScalarEmbedding

__all__ = ["ImageEmbeddingPrior", "Upsampler", "VideoDecoder", "VideoUpsampler"]


class ImageEmbeddingPrior(nn.Module):
    """Diffusion prior of unCLIP: from byte-pair tokens and CLIP text embedding to CLIP image embedding.

    One causal transformer reads, in order, the prompt's tokens, the text embedding, the time step, the noisy
    image embedding and a learned query whose output is the prediction.
    """

    def __init__(
        self, *, vocabulary: int, prompt_length: int, clip_width: int, num_layers: int, num_heads: int
    ) -> None:
        super().__init__()
        head_width = 64
        self.tokens = nn.Embedding(vocabulary, num_heads * head_width)
        self.transformer = PriorTransformer(
            num_attention_heads=num_heads,
            attention_head_dim=head_width,
            num_layers=num_layers,
            embedding_dim=clip_width,
            num_embeddings=prompt_length,
            additional_embeddings=4,
            encoder_hid_proj_type=None,
        )

    def forward(self, noisy: Tensor, timestep: Tensor, text: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
        """Predicted image embedding (batch, clip width).

        `noisy` and `text` are (batch, clip width); `tokens` and `mask` are (batch, prompt length).
        """
        out: Tensor = self.transformer(
            noisy, timestep, text, encoder_hidden_states=self.tokens(tokens), attention_mask=mask
        ).predicted_image_embedding
        return out


def frames_to_images(video: Tensor) -> Tensor:
    """(videos, channels, frames, height, width) to (videos x frames, channels, height, width): a copy."""
    return video.transpose(1, 2).contiguous().flatten(0, 1)


def images_to_frames(images: Tensor, *, num_frames: int) -> Tensor:
    """Inverse of :func:`frames_to_images`; a view."""
    return images.view(-1, num_frames, *images.shape[1:]).transpose(1, 2)


class VideoDecoder(nn.Module):
    """Pixel-space video U-Net conditioned on a CLIP image embedding and a frame rate.

    As in unCLIP, the image embedding is added to the time step's and also becomes context tokens, which here
    are all the context there is.
    """

    NUM_CONTEXT_TOKENS = 4

    def __init__(self, config: PixelUNetConfig, *, num_frames: int, clip_width: int) -> None:
        super().__init__()
        if config.context_width is None:
            raise ValueError("the video decoder needs a context width")
        width = config.embedding_width
        self.num_frames = num_frames
        self.time = ScalarEmbedding(config.model_channels, width=width)
        self.frame_rate = ScalarEmbedding(config.model_channels, width=width)
        self.image_to_embedding = nn.Linear(clip_width, width)
        self.image_to_context = nn.Linear(clip_width, self.NUM_CONTEXT_TOKENS * config.context_width)
        self.unet = PixelUNet(config, layers=VideoLayers(num_frames=num_frames))

    def forward(self, video: Tensor, timestep: Tensor, frame_rate: Tensor, image: Tensor) -> Tensor:
        """Noise estimate (videos, 3, frames, height, width).

        `video` is (videos, channels, frames, height, width): noise and, for interpolation, masked frames and
        mask; `timestep` and `frame_rate` are (videos,); `image` is (videos, clip width).
        """
        embedding = self.time(timestep) + self.frame_rate(frame_rate) + self.image_to_embedding(image)
        context = self.image_to_context(image).view(image.shape[0], self.NUM_CONTEXT_TOKENS, -1)
        images = self.unet(
            frames_to_images(video),
            embedding.repeat_interleave(self.num_frames, dim=0),
            context.repeat_interleave(self.num_frames, dim=0),
        )
        return images_to_frames(images, num_frames=self.num_frames)


class Upsampler(nn.Module):
    """Super-resolution U-Net without attention: noise and enlarged low-resolution image in, noise out."""

    def __init__(self, config: PixelUNetConfig, *, layers: ImageLayers) -> None:
        super().__init__()
        self.time = ScalarEmbedding(config.model_channels, width=config.embedding_width)
        self.unet = PixelUNet(config, layers=layers)

    def forward(self, noisy: Tensor, low_resolution: Tensor, timestep: Tensor) -> Tensor:
        """`noisy` (images, 3, height, width), `low_resolution` (images, 3, low height, low width)."""
        enlarged = functional.interpolate(low_resolution, size=noisy.shape[-2:], mode="bicubic")
        out: Tensor = self.unet(torch.cat([noisy, enlarged], dim=1), self.time(timestep))
        return out


class VideoUpsampler(nn.Module):
    """:class:`Upsampler` with pseudo-3D convolutions: all frames of a video at once."""

    def __init__(self, config: PixelUNetConfig, *, num_frames: int) -> None:
        super().__init__()
        self.num_frames = num_frames
        self.images = Upsampler(config, layers=VideoLayers(num_frames=num_frames))

    def forward(self, noisy: Tensor, low_resolution: Tensor, timestep: Tensor) -> Tensor:
        """As :meth:`Upsampler.forward` with videos (videos, 3, frames, height, width)."""
        steps = timestep.repeat_interleave(self.num_frames, dim=0)
        images = self.images(frames_to_images(noisy), frames_to_images(low_resolution), steps)
        return images_to_frames(images, num_frames=self.num_frames)
