from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hw_specs.output import OutputError
from simulator.views.style import figure_style, panels
from validation.study.presentation.files import PAGE, require_folder, write_study
from validation.study.section import Section
from validation.study.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

pytest.importorskip("matplotlib", reason="figures need matplotlib")


def _section() -> Section:
    def draw() -> Figure:
        with figure_style():
            figure, (axes,) = panels(1, 1, size=(2, 2))
            axes.plot([0, 1])
        return figure

    table = Table.of("numbers", "Numbers", {"a": ""}, [(1,)])
    return Section(name="lines", title="Lines", shows="A line.", tables=(table,), draw=draw, alt="A line.")


def test_tables_figures_texts_and_page(tmp_path: Path) -> None:
    seen: list[str] = []

    def render(images: Mapping[str, bytes]) -> str:
        seen.extend(images)
        return "<html></html>"

    written = write_study(tmp_path / "new", sections=[_section()], texts={"extra.txt": "text"}, render=render)
    assert [path.name for path in written] == ["numbers.csv", "lines.png", "lines.svg", "extra.txt", PAGE]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(path.name for path in written)
    assert (tmp_path / "new" / "numbers.csv").read_text(encoding="utf-8") == "a\n1\n"
    assert seen == ["lines"]


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot make this folder"):
        write_study(tmp_path / "taken", sections=[], texts={}, render=lambda images: "")
    with pytest.raises(OutputError, match="absent does not exist"):
        require_folder(tmp_path / "absent" / "study")
    require_folder(tmp_path / "study")
    assert not (tmp_path / "study").exists()
