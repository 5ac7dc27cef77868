"""Graphs of single pseudo-3D attention layers, for frame counts that no pipeline makes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tracer.graph import OpGraph, Workload
from tracer.library.graphs import MissingTracerError

if TYPE_CHECKING:
    from tracer.workloads.pipeline import StageSpec

__all__ = ["LayerSite", "layers_graph"]

_HEAD_CHANNELS = 64


class LayerSite(NamedTuple):
    """Side of a square feature map and its channels."""

    side: int
    channels: int

    @property
    def name(self) -> str:
        """As tables show it."""
        return f"{self.side} x {self.side}"


def layers_graph(sites: Sequence[LayerSite], *, num_frames: int, videos: int, dtype: str) -> OpGraph:
    """Graph with one stage for each site: spatial, then temporal attention of `num_frames` frames.

    The layers are those of :mod:`tracer.workloads.modules.pseudo_3d`, without context tokens.

    Raises
    ------
    MissingTracerError
        torch or diffusers is not installed.
    """
    try:
        from tracer.capture.pipelines import capture_pipeline
    except ImportError as error:
        raise MissingTracerError(f"tracing layers needs {error.name}: pip install 'roofcast[trace]'") from error
    from tracer.workloads.pipeline import Pipeline

    workload = Workload(batch=videos, num_frames=num_frames, dtype=dtype)
    pipeline = Pipeline(
        name="pseudo-3d-layers",
        title="Pseudo-3D attention layers",
        defaults=workload,
        build=partial(_stages, tuple(sites)),
        sources=("Singer et al., Make-A-Video, arXiv:2209.14792, section 3.2",),
        parameters={},
        attention_kinds={r"\.temporal\.": "temporal", r"\.spatial$": "spatial"},
        family="video",
    )
    return capture_pipeline(pipeline, workload)


def _stages(sites: Sequence[LayerSite], workload: Workload) -> list[StageSpec]:
    return [_stage(site, workload) for site in sites]


def _stage(site: LayerSite, workload: Workload) -> StageSpec:
    from tracer.workloads.inputs import meta_tensor, required
    from tracer.workloads.modules.meta_module import meta_module
    from tracer.workloads.modules.pixel_unet import PixelUNetConfig
    from tracer.workloads.modules.pseudo_3d import Pseudo3dAttention
    from tracer.workloads.pipeline import StageSpec

    (frames,) = required(workload, "num_frames")
    config = PixelUNetConfig(
        in_channels=3, model_channels=site.channels, channel_mult=(1,), num_res_blocks=1, head_channels=_HEAD_CHANNELS
    )
    layer = meta_module(
        lambda: Pseudo3dAttention(site.channels, config=config, num_frames=frames), dtype=workload.dtype
    )
    shape = (workload.batch * frames, site.channels, site.side, site.side)

    def run(module: Any, repeat: int) -> object:
        return module(meta_tensor(shape, workload.dtype))

    name = f"attention_{site.side}"
    return StageSpec(name=name, component=name, module=layer, run=run)
