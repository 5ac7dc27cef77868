from __future__ import annotations

import pytest

from validation.study.laboratory import Laboratory
from validation.study.sections.roofline import DEFINITIONS, draw
from validation.study.table import Table


def test_the_ridge_is_312_teraflops_over_2039_gigabytes(tables: dict[str, Table]) -> None:
    assert tables["roofline"].numbers("ridge") == [pytest.approx(312e12 / 2.039e12)] * 8


def test_one_step_of_stable_diffusion_by_hand(tables: dict[str, Table]) -> None:
    # Two forwards of 0.803 TFLOP over 859.5 million weights of 2 bytes.
    intensity = tables["roofline"].number("intensity_step", model="Stable Diffusion")
    assert intensity == pytest.approx(2 * 0.803e12 / (2 * 859_520_964), rel=0.005)


def test_a_decoder_at_batch_one_uses_each_weight_once(tables: dict[str, Table]) -> None:
    # 2 FLOPs for each weight of 2 bytes, and a little for attention.
    assert tables["roofline"].number("intensity_step", model="LLaMA2") == pytest.approx(1.0, abs=0.1)


def test_definitions_are_consistent(tables: dict[str, Table]) -> None:
    for row in tables["roofline"].rows:
        flops, weights, moved = (float(row[name] or 0) for name in ("flops", "weight_bytes", "kernel_bytes"))
        assert row["intensity_weights"] == pytest.approx(flops / weights)
        assert row["intensity_traffic"] == pytest.approx(flops / moved)
        assert 0 <= float(row["compute_bound_share"] or 0) <= 1
        assert float(row["attained"] or 0) < 312e12


def test_the_figure_names_every_definition_and_model(tables: dict[str, Table], laboratory: Laboratory) -> None:
    figure = draw(tables["roofline"], laboratory)
    left, right = figure.axes
    named = {str(label).replace("\n", " ") for label in left.get_legend_handles_labels()[1]}
    assert set(DEFINITIONS.values()) <= named
    assert len(right.get_legend_handles_labels()[1]) == 8
