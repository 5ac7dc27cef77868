import numpy as np
import pytest

from hw_specs import load_accelerator
from simulator.execution import Execution
from simulator.hosts.catalogue import load_host
from simulator.hosts.costs import host_costs
from simulator.lowering import execution_on, lower
from simulator.schedule import timeline
from tracer.library.graphs import graph_of

pytest.importorskip("numba")

from simulator.schedule.compiled import stage_runs

_PART = load_accelerator("h100")


@pytest.mark.parametrize("mode", ["eager", "cuda-graph"])
@pytest.mark.parametrize("reads_back", [True, False])
@pytest.mark.parametrize("model", ["stable-diffusion", "llama2-7b"])
def test_stages_take_as_long_kernel_by_kernel(model, mode, reads_back):
    launches = lower(graph_of(model, {}), execution_on(_PART, Execution(mode=mode)))
    issues = timeline.issues_of(launches, host_costs(load_host(), _PART), reads_back=reads_back)
    generator = np.random.default_rng(7)
    # From kernels that the host is never fast enough for to ones that it never waits for.
    times = generator.uniform(0.2, 1.8, (len(launches.kernels), 40)) * np.geomspace(5e-7, 2e-4, 40)
    for found, expected in zip(
        stage_runs(launches, times, issues), timeline.stage_runs(launches, times, issues), strict=True
    ):
        # Where the device falls behind from repeat to repeat, so does the rounding of closed form and recurrence.
        rounding = 1e-12 if reads_back else 1e-9
        assert found.elapsed() == pytest.approx(expected.elapsed(), rel=rounding)
        assert found.execution == pytest.approx(expected.execution, rel=1e-12)
        assert found.waiting.sum(axis=0) == pytest.approx(expected.waiting.sum(axis=0), rel=1e-9, abs=rounding)


def test_without_a_host_kernels_follow_one_another():
    launches = lower(graph_of("stable-diffusion", {}), execution_on(_PART, Execution()))
    times = np.full((len(launches.kernels), 2), 1e-5)
    runs = stage_runs(launches, times, timeline.issues_of(launches, None))
    counts = [stage.rows.shape[1] * stage.stage.repeats for stage in launches.stages]
    assert [run.elapsed()[0] for run in runs] == pytest.approx([1e-5 * count for count in counts])
