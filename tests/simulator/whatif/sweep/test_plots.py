"""Pictures: medians and knees by hand, and files where they are asked for."""

import numpy as np
import pytest

from simulator.whatif.study.study import load_study
from simulator.whatif.sweep.plots import draw_plots, medians_by
from simulator.whatif.sweep.run import sweep

from .conftest import CONTENT


def test_few_values_have_a_median_each():
    x = np.array([1.0, 2.0, 1.0, 2.0, 1.0, np.nan])
    at, low, middle, high = medians_by(x, np.array([3.0, 10.0, 5.0, 20.0, 4.0, 1.0]))
    assert at.tolist() == [1, 2]
    assert middle.tolist() == [4, 15]
    assert (low[0], high[0]) == pytest.approx((3.2, 4.8))


def test_many_values_are_cut_into_parts_of_as_many_designs():
    x = np.linspace(0.0, 1.0, 2400)
    at, _, middle, _ = medians_by(x, 2 * x)
    assert len(at) == 24
    assert middle == pytest.approx(2 * at)


def test_pictures_are_drawn_beside_the_results(tmp_path):
    pytest.importorskip("pyarrow")
    pytest.importorskip("matplotlib")
    plots = [
        {"kind": "line", "x": "cores.count", "y": "energy", "by": "attention"},
        {"kind": "knee", "x": "memory.dram.bandwidth", "by": "attention", "file": "knee.png"},
        {"kind": "heat", "x": "memory.dram.bandwidth", "y": "cores.count", "color": "latency"},
    ]
    study = load_study(CONTENT | {"plots": plots})
    results = sweep(study, tmp_path, workers=1).results
    drawn = draw_plots(study, results)
    assert [path.name for path in drawn] == ["1-line-energy.png", "knee.png", "3-heat-latency.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
    assert results.table().num_rows == 20
