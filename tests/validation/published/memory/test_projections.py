from __future__ import annotations

from tracer.library.graphs import graph_of
from validation.published.memory.projections import projection_copies


def test_projections_of_one_input_and_attention() -> None:
    """FLUX.1: q, k and v of two streams in 19 blocks and of one in 38, all 3072 wide, in two bytes."""
    graph = graph_of("flux-dev", {"dtype": "bfloat16"})
    assert projection_copies(graph, "transformer") == 2 * (19 * 6 + 38 * 3) * 3072**2
    assert projection_copies(graph, "vae") == 2 * 3 * 512**2
