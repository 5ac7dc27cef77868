from __future__ import annotations

import pytest

from validation.study.laboratory import Laboratory
from validation.study.lengths import draw_distribution, draw_lengths, largest_step, range_ratio, self_lengths
from validation.study.suite import LATENT_DIFFUSION
from validation.study.table import Table

# The 16 self-attention sites of Stable Diffusion 1 at 512 pixels, in the order in which they run.
SITES = [4096] * 2 + [1024] * 2 + [256] * 2 + [64] + [256] * 3 + [1024] * 3 + [4096] * 3


def test_the_sixteen_sites_of_stable_diffusion(laboratory: Laboratory) -> None:
    assert self_lengths(laboratory.graph(LATENT_DIFFUSION), "unet") == SITES


def test_neighbouring_levels_differ_by_four() -> None:
    assert largest_step(SITES) == 4
    assert range_ratio(SITES) == 64
    assert largest_step([7]) == 1


@pytest.mark.parametrize(("size", "lengths"), [(256, [16, 64, 256, 1024]), (512, [64, 256, 1024, 4096])])
def test_buckets_of_each_image_size(tables: dict[str, Table], size: int, lengths: list[int]) -> None:
    table = tables["length_distribution"]
    assert table.numbers("sequence_length", image_size=size) == lengths
    assert table.numbers("calls", image_size=size) == [1, 5, 5, 5]
    assert table.total("share", image_size=size) == pytest.approx(1.0)


def test_token_decoders_grow_and_others_repeat(tables: dict[str, Table]) -> None:
    table = tables["sequence_lengths"]
    parti = [row for row in table.where(model="Parti", stage="decode") if row["kind"] == "self"]
    assert [parti[0]["sequence_length"], parti[-1]["sequence_length"]] == [1, 1024]
    assert all(row["query_length"] == 1 for row in parti)
    first, second = (
        table.numbers("sequence_length", model="Imagen", stage="base", repeat=r, kind="spatial") for r in (0, 29)
    )
    assert len(first) == 22
    assert first == second


def test_calls_are_numbered_in_order(tables: dict[str, Table]) -> None:
    for model in tables["sequence_lengths"].distinct("model"):
        order = tables["sequence_lengths"].numbers("order", model=model)
        assert order == list(range(len(order)))


def test_figures_have_a_panel_each(tables: dict[str, Table]) -> None:
    assert len(draw_lengths(tables["sequence_lengths"]).axes) == 8
    assert len(draw_distribution(tables["length_distribution"]).axes) == 2
