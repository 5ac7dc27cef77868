from __future__ import annotations

import pytest

from simulator.lowering import CATEGORIES
from simulator.views.style import PART_COLOURS, PART_LABELS, figure_style, image_bytes, panels
from validation.study.attribution import PARTS

pytest.importorskip("matplotlib", reason="figures need matplotlib")


def test_every_part_has_a_colour_and_a_label() -> None:
    assert set(PART_COLOURS) == set(PART_LABELS) == set(PARTS)
    assert set(CATEGORIES) <= set(PARTS)
    assert len(set(PART_COLOURS.values())) == len(PART_COLOURS)


def test_a_figure_is_written_the_same_twice() -> None:
    with figure_style():
        figure, (axes,) = panels(1, 1, size=(3, 2))
        axes.plot([1, 2], [3, 4])
    assert image_bytes(figure, file_format="svg") == image_bytes(figure, file_format="svg")
    assert image_bytes(figure, file_format="png").startswith(b"\x89PNG")
