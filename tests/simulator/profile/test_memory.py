"""Memory over a run."""

import numpy as np

from simulator.profile.memory import memory_over_run


def test_the_highest_point_is_the_peak_of_the_report(stable_diffusion_run):
    stages = memory_over_run(stable_diffusion_run, most=50)
    report = stable_diffusion_run.report
    assert max(int(stage.total.max()) for stage in stages) == report.memory.allocated
    assert [stage.stage for stage in stages] == list(report.by_stage)


def test_points_are_in_order_and_not_too_many(stable_diffusion_run):
    for stage in memory_over_run(stable_diffusion_run, most=50):
        assert 0 < len(stage.share) <= 50
        assert (np.diff(stage.share) > 0).all()
        assert stage.share[0] > 0
        assert stage.share[-1] < 1
