from __future__ import annotations

import pytest

from validation.study.laboratory import Laboratory
from validation.study.sections.length_distribution import draw, self_lengths
from validation.study.table import Table

# The 16 self-attention sites of Stable Diffusion 1 at 512 pixels, in the order in which they run.
SITES = [4096] * 2 + [1024] * 2 + [256] * 2 + [64] + [256] * 3 + [1024] * 3 + [4096] * 3


def test_the_sixteen_sites_of_stable_diffusion(laboratory: Laboratory) -> None:
    assert self_lengths(laboratory.graph(laboratory.image_model), "unet") == SITES


@pytest.mark.parametrize(("size", "lengths"), [(256, [16, 64, 256, 1024]), (512, [64, 256, 1024, 4096])])
def test_buckets_of_each_image_size(tables: dict[str, Table], size: int, lengths: list[int]) -> None:
    table = tables["length_distribution"]
    assert table.numbers("sequence_length", image_size=size) == lengths
    assert table.numbers("calls", image_size=size) == [1, 5, 5, 5]
    assert table.total("share", image_size=size) == pytest.approx(1.0)


def test_the_figure_has_a_panel_for_each_size(tables: dict[str, Table]) -> None:
    assert len(draw(tables["length_distribution"]).axes) == 2
