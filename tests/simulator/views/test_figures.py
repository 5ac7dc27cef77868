"""Pictures, and those that cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw_specs.output import OutputError
from simulator.views.figures import PlotError, check_suffix, new_figure, save


@pytest.mark.parametrize("name", ["a.png", "a.svg", "a.pdf"])
def test_a_figure_is_written(tmp_path: Path, name: str) -> None:
    pytest.importorskip("matplotlib")
    figure = new_figure(3, 2)
    figure.subplots().plot([1, 2])
    save(figure, tmp_path / name)
    assert (tmp_path / name).stat().st_size > 1000


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(PlotError, match=r"cannot write \.txt; valid: \.png"):
        check_suffix(tmp_path / "a.txt")
    with pytest.raises(OutputError, match="cannot write: No such"):
        save(new_figure(3, 2), tmp_path / "absent" / "a.png")
