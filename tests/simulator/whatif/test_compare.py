"""Runs side by side: ratios to the first, and orders that are not certain."""

from __future__ import annotations

import pytest

from simulator.comparison import compare
from simulator.whatif.compare import compare_setups, overlap_of
from simulator.whatif.setups import every_setup


@pytest.fixture(scope="module")
def setups():
    """Two models on two accelerators."""
    return every_setup(["stable-diffusion", "sdxl"], ["a100", "h100"])


@pytest.fixture(scope="module")
def found(setups):
    """The same side by side."""
    return compare_setups(setups)


def test_ratios_are_to_the_first_of_all_and_gains_to_the_first_of_the_model(found) -> None:
    first, second, third, fourth = found.runs
    assert fourth.ratio == first.latency / fourth.latency
    assert fourth.gain.ratio == third.latency / fourth.latency
    assert (first.gain.ratio, third.gain.ratio) == (1, 1)
    assert second.gain.ratio == second.ratio


def test_the_interval_is_that_of_a_comparison_of_two(setups, found) -> None:
    whole = compare(setups[1].simulated(), setups[0].simulated()).whole
    assert found.runs[1].gain == whole


def test_memory_that_is_missing_is_said() -> None:
    (run,) = compare_setups(every_setup(["llama2-70b"], ["t4"], axes={"max_new_tokens": [2]})).runs
    assert run.peak_memory > 100e9
    assert not run.fits


def test_an_order_is_uncertain_where_the_interval_holds_1() -> None:
    found = compare_setups(every_setup(["stable-diffusion"], ["h100", "h200", "t4"]))
    ((pair),) = found.uncertain
    assert {pair.faster, pair.slower} == {0, 1}
    assert pair.speedup.interval.low < 1 < pair.speedup.interval.high


def test_progress_is_told_of_each_run(setups) -> None:
    told: list[str] = []
    compare_setups(setups[:2], fidelity="roofline", progress=told.append)
    assert told == ["stable-diffusion"] * 2


def test_overlap_is_what_both_intervals_hold_of_what_they_cover_together() -> None:
    assert overlap_of((1.0, 4.0), (2.0, 8.0)) == pytest.approx(1 / 3)
    assert overlap_of((1.0, 2.0), (3.0, 4.0)) == 0.0
    assert overlap_of((1.0, 2.0), (1.0, 2.0)) == 1.0
    assert overlap_of((1.0, 1.0), (1.0, 1.0)) == 1.0


def test_each_run_says_how_likely_it_is_the_faster_one() -> None:
    first, second, mac = compare_setups(every_setup(["stable-diffusion"], ["h100", "t4", "m1-max"])).runs
    assert (first.faster, first.overlap) == (0.5, 1.0)
    assert second.faster is not None
    assert second.faster < 0.01
    assert second.overlap == 0.0
    assert mac.to_dict()["unmeasured"] > 0.9
    assert second.to_dict()["unmeasured"] == 0.0
