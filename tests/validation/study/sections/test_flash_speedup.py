from __future__ import annotations

import pytest

from validation.study.sections.flash_speedup import draw
from validation.study.table import Table


def test_speed_ups_are_ratios_of_the_times_beside_them(tables: dict[str, Table]) -> None:
    for row in tables["flash_speedup"].rows:
        for name in ("latency", "kernel_time"):
            naive, flash = (float(row[f"{name}_{a}"] or 0) for a in ("naive", "flash"))
            assert row[f"speedup_{name}"] == pytest.approx(naive / flash)
        assert float(row["kernel_time_flash"] or 0) <= float(row["latency_flash"] or 0)


def test_every_latency_is_inside_its_interval(tables: dict[str, Table]) -> None:
    for row in tables["flash_speedup"].rows:
        for attention in ("naive", "flash"):
            low, middle, high = (float(row[f"latency_{attention}{end}"] or 0) for end in ("_low", "", "_high"))
            assert 0 < low < middle < high


def test_a_speed_up_lies_in_its_interval(tables: dict[str, Table]) -> None:
    for row in tables["flash_speedup"].rows:
        low, middle, high = (float(row[f"speedup_latency{end}"] or 0) for end in ("_low", "", "_high"))
        assert low < middle < high


def test_long_self_attention_gains_most(tables: dict[str, Table]) -> None:
    table = tables["flash_speedup"]
    gain = {m: table.number("speedup_attention_module", model=m) for m in ("Stable Diffusion", "Muse", "Parti")}
    assert gain["Stable Diffusion"] > gain["Muse"]
    assert gain["Stable Diffusion"] > gain["Parti"]


def test_modules_gain_less_than_operators_where_operators_gain(tables: dict[str, Table]) -> None:
    for row in tables["flash_speedup"].rows:
        operator, module = (float(row[f"speedup_attention_{name}"] or 0) for name in ("operator", "module"))
        assert min(1.0, operator) <= module + 1e-9
        assert module <= max(1.0, operator) + 1e-9


def test_the_figure_has_a_bar_for_each_speed_up(tables: dict[str, Table]) -> None:
    figure = draw(tables["flash_speedup"])
    assert [len(axes.patches) for axes in figure.axes] == [16, 16]
