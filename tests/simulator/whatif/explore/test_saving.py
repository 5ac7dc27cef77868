"""Saved designs are read again, and predict what the page does."""

from __future__ import annotations

import numpy as np
import pytest

from hw_specs import SpecError, load_accelerator
from simulator.calibrations import calibration_pool
from simulator.simulation import simulate
from simulator.whatif.explore.saving import specification, study
from simulator.whatif.study.evaluation import Evaluator
from simulator.whatif.study.study import load_study


@pytest.mark.parametrize(
    "changes",
    [("memory.dram.bandwidth=1.37x",), ("cores.count=140", "cores.clock=1.1x", "memory.l2.capacity=64 MiB"), ()],
    ids=len,
)
def test_a_specification_predicts_the_same(workshop, design, tmp_path, changes):
    asked = design(*(("set", change) for change in changes))
    path = tmp_path / "part.yaml"
    path.write_text(specification(asked, workshop.base(asked), workshop.chosen(asked)))
    part, setup = load_accelerator(str(path)), workshop.setup(asked)
    run = simulate(
        workshop.simulation(asked).launches.graph, part, setup.execution, calibrations=calibration_pool(str(path), part)
    )
    assert part.name == "H100-SXM5-80GB-explored"
    assert run.report.latency == pytest.approx(workshop.figures(asked).latency, rel=1e-9)


def test_a_study_has_both_designs_as_rows(workshop, design, offer, tmp_path):
    one = design(("attention", "naive"))
    two = design(("set", "memory.dram.bandwidth=1.2x"), ("execution", "cuda-graph"), ("set", "cores.count=140"))
    path = tmp_path / "study.yaml"
    path.write_text(study(one, two, offer))
    found = load_study(path)
    assert len(found.designs) == 2
    rows = Evaluator(found).evaluate("dit-xl-2", list(found.designs.groups(0, 2)), 2)
    assert list(rows.failure) == [None, None]
    expected = [workshop.figures(each).latency for each in (one, two)]
    assert np.allclose(rows.figures["latency"], expected, rtol=1e-9)


def test_designs_of_other_models_are_no_study(design, offer):
    from dataclasses import replace

    with pytest.raises(SpecError, match="save each design's study alone"):
        study(design(), replace(design(), model="sdxl"), offer)
