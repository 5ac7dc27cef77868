from __future__ import annotations

import pytest

from validation.study.attribution import PARTS, is_attention
from validation.study.sections.operator_breakdown import draw
from validation.study.table import Table


def test_shares_of_a_run_add_up_to_one(tables: dict[str, Table]) -> None:
    table = tables["operator_breakdown"]
    for model in table.distinct("model"):
        for attention in ("naive", "flash"):
            for attribution in ("operator", "module"):
                total = table.total("share", model=model, attention=attention, attribution=attribution)
                assert total == pytest.approx(1.0)


def test_only_attention_changes_with_its_implementation(tables: dict[str, Table]) -> None:
    table = tables["operator_breakdown"]
    chosen = {"model": "Stable Diffusion", "attribution": "operator"}
    for part in ("convolution", "group_norm", "normalization"):
        naive, flash = (table.number("time", attention=a, part=part, **chosen) for a in ("naive", "flash"))
        assert naive == pytest.approx(flash)


def test_convolution_weighs_in_diffusion_models_and_not_in_language_models(tables: dict[str, Table]) -> None:
    table = tables["operator_breakdown"]
    wanted = {"attention": "flash", "attribution": "operator"}
    assert table.total("share", part="convolution", model="LLaMA2", **wanted) == 0
    assert table.total("share", part="convolution", model="Stable Diffusion", **wanted) > 0.25


def test_modules_hold_more_attention_than_operators(tables: dict[str, Table]) -> None:
    table = tables["operator_breakdown"]
    operator, module = (
        sum(
            table.total("share", part=part, model="Muse", attention="flash", attribution=attribution)
            for part in PARTS
            if is_attention(part)
        )
        for attribution in ("operator", "module")
    )
    assert module > operator


def test_the_figure_has_two_bars_for_each_model(tables: dict[str, Table]) -> None:
    figure = draw(tables["operator_breakdown"])
    upper, lower = figure.axes
    assert [label.get_text() for label in lower.get_xticklabels()] == ["naive", "flash"] * 8
    for axes in (upper, lower):
        assert {"LLaMA2", "Prod Image*"} <= {text.get_text() for text in axes.texts}
