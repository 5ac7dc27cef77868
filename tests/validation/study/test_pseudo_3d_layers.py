from __future__ import annotations

import pytest

from tracer.lengths import attention_calls
from validation.study.pseudo_3d_layers import LayerSite, layers_graph

pytest.importorskip("diffusers", reason="tracing needs torch and diffusers")


def test_a_layer_attends_over_pixels_and_then_over_frames() -> None:
    graph = layers_graph([LayerSite(8, 128)], num_frames=5, videos=2, dtype="float16")
    spatial, temporal = attention_calls(graph)
    assert (spatial.kind, spatial.sequences, spatial.query_length, spatial.key_length) == ("spatial", 10, 64, 64)
    assert (temporal.kind, temporal.sequences, temporal.query_length) == ("temporal", 128, 5)
    assert (temporal.heads, temporal.head_dim) == (2, 64)


def test_a_site_is_named_by_its_sides() -> None:
    assert LayerSite(16, 128).name == "16 x 16"
