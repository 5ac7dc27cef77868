from __future__ import annotations

import pytest

from validation.study.laboratory import Laboratory
from validation.study.sections.similarity_memory import draw, formula_bytes, graph_bytes, sites_bytes
from validation.study.table import Table

# Self-attention sites at each level of Stable Diffusion's U-Net.
SITES = (5, 5, 5, 1)


@pytest.mark.parametrize(("size", "megabytes"), [(256, 12.2), (512, 183.1), (768, 915.1), (1024, 2879)])
def test_the_sum_over_32_sites(size: int, megabytes: float) -> None:
    assert sites_bytes(size // 8, text=77, sites=SITES) / 1e6 == pytest.approx(megabytes, rel=0.005)


def test_the_graph_has_the_same_sum(laboratory: Laboratory) -> None:
    assert graph_bytes(laboratory.graph(laboratory.image_model), "unet") == sites_bytes(64, text=77, sites=SITES)


def test_the_formula_by_hand() -> None:
    # One level of 4 pixels down and up, a bottom of 1 pixel, 3 tokens of text, 2 bytes a score.
    assert formula_bytes(2, text=3, depth=1) == 2 * (2 * 4 * (4 + 3)) + 2 * 1 * (1 + 3)


def test_columns_agree_and_naive_attention_needs_more(tables: dict[str, Table]) -> None:
    for row in tables["similarity_memory"].rows:
        assert row["graph"] == row["formula_all_sites"]
        # Two halves of guidance, 8 heads everywhere.
        assert row["graph_all_heads"] == 16 * float(row["graph"] or 0)
        assert int(row["peak_naive"] or 0) >= int(row["peak_flash"] or 0)


def test_growth_tends_to_the_fourth_power(tables: dict[str, Table]) -> None:
    assert tables["similarity_memory"].numbers("exponent_graph") == [pytest.approx(3.905, abs=0.001)]


def test_the_figure_shows_sums_and_peak(tables: dict[str, Table], laboratory: Laboratory) -> None:
    sums, peak = draw(tables["similarity_memory"], laboratory.latent_images).axes
    assert (len(sums.lines), len(peak.lines)) == (4, 2)
    # 16 sites of self-attention and of cross-attention; in the formula two at three levels and one at the bottom.
    assert [line.get_label() for line in sums.lines][:3] == [
        "graph: 32 sites, one head",
        "formula, 32 sites",
        "formula, 14 sites",
    ]
