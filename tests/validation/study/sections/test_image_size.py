from __future__ import annotations

import pytest

from validation.study.sections.image_size import draw
from validation.study.table import Table


def test_parts_add_up_and_flops_are_the_same_under_both_attributions(tables: dict[str, Table]) -> None:
    table = tables["image_size"]
    for size in (256, 512):
        for attention in ("naive", "flash"):
            totals = []
            for attribution in ("operator", "module"):
                chosen = {"image_size": size, "attention": attention, "attribution": attribution}
                assert table.total("share", **chosen) == pytest.approx(1.0)
                totals.append(table.total("flops", **chosen))
            assert totals[0] == pytest.approx(totals[1])


def test_convolution_flops_grow_with_the_pixels(tables: dict[str, Table]) -> None:
    growth = tables["image_size_growth"]
    for row in growth.where(part="convolution"):
        assert row["exponent_flops"] == pytest.approx(2.0, abs=0.01)
    attention = growth.number("exponent_flops", attention="flash", attribution="operator", part="attention")
    # 0.180 x 4.7 % against 0.803 x 15.7 % of a forward's FLOPs: 14.9 times, which is 2 to the power 3.9.
    assert attention == pytest.approx(3.9, abs=0.1)


def test_convolution_does_not_depend_on_attention(tables: dict[str, Table]) -> None:
    growth = tables["image_size_growth"]
    exponents = growth.numbers("exponent_time", part="convolution")
    assert exponents == pytest.approx([exponents[0]] * 4)


def test_the_figure_has_a_panel_for_each_attention(tables: dict[str, Table]) -> None:
    assert [axes.get_title() for axes in draw(tables["image_size"]).axes] == ["naive attention", "flash attention"]
