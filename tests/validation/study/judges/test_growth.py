from __future__ import annotations

import pytest

from validation.study.findings import UntestableError
from validation.study.judges.growth import (
    frames_of_temporal_attention,
    image_size_of_convolution,
    image_size_of_scores,
    seconds_of_convolution,
)
from validation.study.table import Cell, Table


def test_scores_that_grow_with_the_fourth_power() -> None:
    rows: list[tuple[Cell, ...]] = [(16, 16.0**4, None), (32, 32.0**4, 4.0)]
    units = {"latent_side": "", "graph": "B", "exponent_graph": ""}
    finding = image_size_of_scores({"similarity_memory": Table.of("similarity_memory", "", units, rows)})
    assert finding.values == {"exponent": pytest.approx(4.0)}


def test_exponents_in_the_frames_are_those_of_the_extreme_sites() -> None:
    units = dict.fromkeys(("exponent_flops_temporal", "exponent_flops_spatial", "exponent_time_temporal"), "")
    rows = [(2.0, 1.0, 0.5), (1.9, 1.2, 0.7)]
    finding = frames_of_temporal_attention({"frames_crossover": Table.of("frames_crossover", "", units, rows)})
    assert finding.values == {"lowest_exponent": 1.9, "highest_exponent": 2.0, "excess": pytest.approx(0.7)}


@pytest.mark.parametrize(("convolution", "attention", "excess"), [(2.2, 2.0, 0.2), (1.5, 2.0, -0.5)])
def test_convolution_is_held_against_attention_modules(convolution: float, attention: float, excess: float) -> None:
    units = {"attention": "", "attribution": "", "part": "", "exponent_time": ""}
    rows: list[tuple[Cell, ...]] = [
        ("flash", "operator", "convolution", convolution),
        ("flash", "module", "attention", attention),
        ("flash", "operator", "attention", 9.0),
    ]
    tables = {"image_size_growth": Table.of("image_size_growth", "", units, rows)}
    assert image_size_of_convolution(tables, attention="flash").values == {"excess": pytest.approx(excess)}


def test_seconds_of_convolution_are_held_against_those_of_attention_modules() -> None:
    units = dict.fromkeys(("image_size", "attention", "attribution", "part", "time"), "")
    rows: list[tuple[Cell, ...]] = [
        (256, "flash", "operator", "convolution", 1.0),
        (512, "flash", "operator", "convolution", 4.0),
        (256, "flash", "module", "attention", 0.5),
        (512, "flash", "module", "attention", 2.0),
    ]
    tables = {"image_size": Table.of("image_size", "", units, rows)}
    assert seconds_of_convolution(tables, attention="flash", up_to="512").values == {"ratio": pytest.approx(2.0)}
    with pytest.raises(UntestableError, match="no images of 1024 pixels"):
        seconds_of_convolution(tables, attention="flash", up_to="1024")
