from __future__ import annotations

import pytest

from simulator.software import load_software
from validation.energy.published import published_runs

ROW = {
    "id": "e-1",
    "model": "PixArt-Sigma-XL-2-1024-MS",
    "component": "e2e",
    "device": "NVIDIA H100 SXM5 80GB",
    "n_devices": "1",
    "precision": "bf16",
    "attention_impl": "sdpa (assumed)",
    "compile": "eager",
    "batch": "4",
    "height": "1024",
    "width": "1024",
    "steps": "20",
    "guidance": "yes",
    "metric": "seconds",
    "value": "4.188",
    "source": "github.com/ml-energy/leaderboard public/data/models",
    "notes": "q=B; energy_J_per_output=693.0; avg_power_W=662",
}


def test_joules_of_one_output_are_those_of_a_batch() -> None:
    (run,), skipped = published_runs([ROW])
    assert not skipped
    assert run.energy == pytest.approx(4 * 693.0)
    # The source's own mean power: joules over seconds.
    assert run.energy / run.latency == pytest.approx(662, rel=1e-3)
    assert (run.model, run.device, run.settings["batch"]) == ("pixart-sigma", "H100-SXM5-80GB", 4)
    assert run.execution.software == load_software("torch-2.8")


def test_joules_of_a_run_stand_as_they_are() -> None:
    (run,), _ = published_runs([ROW | {"notes": "q=B; energy_J=2772"}])
    assert run.energy == 2772


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"notes": "q=B"}, "published run without energy"),
        ({"component": "transformer"}, "energy of a part of a run, or of several devices"),
        ({"model": "nothing"}, "model is no workload"),
    ],
)
def test_a_row_that_is_no_run_is_counted(changes: dict[str, str], reason: str) -> None:
    runs, skipped = published_runs([ROW | changes])
    assert not runs
    assert skipped == {reason: 1}
