from __future__ import annotations

import pytest

from validation.study.sections.frames import crossing, draw
from validation.study.table import Cell, Table


def test_flops_cross_where_frames_equal_pixels(tables: dict[str, Table]) -> None:
    for row in tables["frames_crossover"].rows:
        if row["crossover_flops"] is not None:
            assert row["crossover_flops"] == pytest.approx(row["expected"])
    # 16 to 256 frames: 16 x 16 and 8 x 8 cross inside, 32 x 32 beyond.
    crossed = {str(row["site"]): row["crossover_flops"] for row in tables["frames_crossover"].where(resolution=64)}
    assert crossed["32 x 32"] is None
    assert crossed["16 x 16"] == pytest.approx(256)
    assert crossed["8 x 8"] == pytest.approx(64)


def test_flops_of_a_layer_by_hand(tables: dict[str, Table]) -> None:
    chosen: dict[str, Cell] = {"resolution": 64, "site": "16 x 16", "frames": 64}
    spatial, temporal = (tables["frames"].number("flops_operator", kind=k, **chosen) for k in ("spatial", "temporal"))
    assert spatial == 4 * 2 * 64 * 256**2 * 1536
    assert temporal == 4 * 2 * 256 * 64**2 * 1536


def test_spatial_flops_are_linear_and_temporal_ones_quadratic_in_frames(tables: dict[str, Table]) -> None:
    for row in tables["frames_crossover"].rows:
        assert row["exponent_flops_spatial"] == pytest.approx(1)
        assert row["exponent_flops_temporal"] == pytest.approx(2)


@pytest.mark.parametrize(
    ("first", "second", "place"),
    [
        ([1.0, 2.0, 4.0], [0.5, 2.0, 8.0], 2.0),
        ([4.0, 4.0, 4.0], [1.0, 2.0, 8.0], 8**0.5),
        ([1.0, 1.0, 1.0], [2.0, 2.0, 2.0], None),
        ([2.0, 2.0, 2.0], [1.0, 1.0, 1.0], None),
    ],
)
def test_crossing_of_power_laws(first: list[float], second: list[float], place: float | None) -> None:
    found = crossing([1.0, 2.0, 4.0], first, second)
    assert found == (None if place is None else pytest.approx(place))


def test_the_figure_shows_flops_and_both_times(tables: dict[str, Table]) -> None:
    figure = draw(tables["frames"])
    assert [len(axes.lines) for axes in figure.axes] == [9, 6, 6]
