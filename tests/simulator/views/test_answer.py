"""First lines of a report."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from simulator.profile.upgrade import Upgrade
from simulator.report import Report
from simulator.schedule.pieces import BoundShares
from simulator.views.answer import bounds_text, print_answer, throughput_text

_GAINS = [
    Upgrade(resource=name, factor=2.0, latency=1.0 / gain, speed_up=gain)
    for name, gain in (("host", 1.5), ("memory", 1.25), ("compute", 1.1), ("launch", 1.05), ("link", 1.0))
]


@pytest.fixture(scope="module")
def report(stable_diffusion_run) -> Report:
    return stable_diffusion_run.report


def _lines(report: Report, gains: list[Upgrade] | None = None, width: int = 80) -> dict[str, str]:
    """What is said under each name."""
    console, found, name = Console(width=width), dict[str, str](), ""
    with console.capture() as capture:
        print_answer(report, console, gains or [])
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= width
    for line in lines[2:]:
        name = line[:16].strip() or name
        found[name] = f"{found.get(name, '')} {line[16:].strip()}".strip()
    return found


def test_the_five_questions_are_answered_in_order(report: Report) -> None:
    found = _lines(report, _GAINS)
    assert list(found) == ["how long", "will it fit", "held back by", "would help", "how sure"]
    i = report.interval
    assert found["how long"].startswith(f"{report.latency:.4g} s, 80 % interval {i.low:.4g} s to {i.high:.4g} s; ")
    assert found["how long"].endswith("images/s")
    assert found["will it fit"].startswith("yes: ")
    assert found["held back by"] == bounds_text(report.bound)
    assert f"{100 * i.coverage:.0f} % of {i.count} published runs {i.counted_on}" in found["how sure"]


def test_what_helps_most_is_named_first_and_no_more_than_three(report: Report) -> None:
    assert _lines(report, _GAINS)["would help"] == (
        "the run is 1.5x as fast with 2x faster host, 1.25x as fast with 2x memory bandwidth, "
        "1.1x as fast with 2x compute"
    )
    assert "less than 0.5 % faster" in _lines(report, _GAINS[-1:])["would help"]
    assert "would help" not in _lines(report)


def test_a_run_that_the_memory_does_not_hold(report: Report) -> None:
    found = _lines(replace(report, memory_capacity=10**9))
    assert found["will it fit"].startswith("no, it does not fit: the part has 1 GB of memory, the run needs ")


def test_a_bound_is_said_to_be_one(report: Report) -> None:
    found = _lines(replace(report, interval=None))
    assert found["how long"].startswith("at least ")
    assert found["how sure"] == "a lower bound from the datasheet alone"


def test_what_nobody_measured_is_said(report: Report) -> None:
    assert "nothing measured: 40 % of the time" in _lines(replace(report, unmeasured=0.4))["how sure"]


def test_names_with_brackets_are_printed_as_they_are(report: Report) -> None:
    console = Console(width=80)
    with console.capture() as capture:
        print_answer(replace(report, model="my[red]model", accelerator="part [a]"), console)
    assert capture.get().startswith("my[red]model on part [a]\n")


def test_shares_and_rates() -> None:
    shares = BoundShares(compute=0.25, memory=0.7, launch=0.05, host=0.001)
    assert bounds_text(shares) == "memory 70 %, compute 25 %, launch 5 %"
    assert bounds_text(shares, most=1) == "memory 70 %"
    assert throughput_text({"tokens_per_second": 12.0, "time_to_first_token": 0.5}) == (
        "12 tokens/s, first token after 500 ms"
    )
