"""A run beside the same one run otherwise."""

from dataclasses import replace

import pytest

from hw_specs import load_accelerator
from simulator.execution import Execution, ExecutionError
from simulator.parallel.scheme import Scheme
from simulator.profile.beside import other_attention, with_one_device
from simulator.simulation import simulate


@pytest.fixture
def rerun(stable_diffusion_run):
    return lambda execution: simulate(stable_diffusion_run.launches.graph, load_accelerator("a100"), execution)


def test_the_other_attention(stable_diffusion_run, rerun):
    found = other_attention(stable_diffusion_run, Execution(), rerun)
    assert found["naive"].latency > stable_diffusion_run.report.latency
    assert list(other_attention(stable_diffusion_run, Execution(attention="naive"), rerun)) == ["flash"]


def test_there_is_none_where_it_cannot_run(stable_diffusion_run):
    def refused(execution):
        raise ExecutionError(execution.attention)

    assert other_attention(stable_diffusion_run, Execution(), refused) == {}


def test_one_device_beside_two(stable_diffusion_run, rerun):
    assert with_one_device(stable_diffusion_run, Execution(), rerun) is stable_diffusion_run.report
    two = replace(Execution(), parallel=Scheme(cfg=2))
    report = with_one_device(rerun(two), two, rerun)
    assert report.sharing.speed_up == pytest.approx(rerun(Execution()).report.latency / report.latency)
