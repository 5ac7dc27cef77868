"""Figures of a predicted run."""

from pathlib import Path

import pytest

from simulator.views.figures import PlotError
from simulator.views.plots import VIEWS, draw_plot, planned_plot


@pytest.mark.parametrize(
    ("text", "view", "path"),
    [
        ("roofline.pdf", "roofline", "roofline.pdf"),
        ("memory=a/3.png", "memory", "a/3.png"),
        ("x/lengths.svg", "lengths", "x/lengths.svg"),
    ],
)
def test_what_an_option_asks_for(text, view, path):
    plot = planned_plot(text)
    assert (plot.view, plot.path) == (view, Path(path))


@pytest.mark.parametrize("text", ["fig.pdf", "pie=roofline.pdf", "roofline", "roofline.gif"])
def test_what_there_is_not_is_refused(text):
    with pytest.raises(PlotError, match="valid"):
        planned_plot(text)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_drawn(view, tmp_path, stable_diffusion_run):
    pytest.importorskip("matplotlib")
    report = stable_diffusion_run.report
    path = tmp_path / f"{view}.svg"
    draw_plot(planned_plot(f"{view}={path}"), stable_diffusion_run, report, {"naive": report})
    text = path.read_text(encoding="utf-8")
    assert text.rstrip().endswith("</svg>")
    assert len(text) > 5000
