"""How busy a machine was: what the operating system tells, and what is said of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from validation.machine.probe.load import Load, Watch


def _load(**changes: object) -> Load:
    quiet = {"processors": 8, "threads": 4, "average": 0.1, "others": 0.2, "spread": 0.02, "memory": (1e10, 1.05e10)}
    return Load(**(quiet | changes))  # type: ignore[arg-type]


def test_a_quiet_machine_is_no_warning() -> None:
    assert _load().warnings() == ()
    assert _load().text() == (
        "Load: of 8 processors others kept 0.20 busy, load average before 0.10, repeats 2 % apart."
    )
    assert _load(others=None, average=None, memory=None).warnings() == ()
    assert "others kept not known busy" in _load(others=None).text()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"others": 0.5}, "other programs kept 0.5 of 8 processors busy"),
        ({"others": 0.3, "threads": 8}, "other programs kept 0.3 of 8"),
        ({"average": 3.0}, "3.0 programs ran or wanted to"),
        ({"spread": 0.2}, "repeats lie 20 % apart"),
        ({"memory": (1.2e9, 9.6e9)}, "large copies ran at 1.2 GB/s at first and 9.6 GB/s at the end"),
        ({"memory": (9.6e9, 1.2e9)}, "the faster one is kept"),
    ],
)
def test_each_sign_of_others_is_said(changes: dict[str, object], said: str) -> None:
    loaded = _load(**changes)
    (line,) = loaded.warnings()
    assert said in line
    assert loaded.text().startswith("Disturbed: ")


def test_what_this_process_did_not_do_is_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks, clock = os.sysconf("SC_CLK_TCK"), iter((0.0, 10.0))
    stat = tmp_path / "stat"
    stat.write_text(f"cpu  {5 * ticks} 0 0 100 7 0 0 0 0 0\ncpu0 1 2 3\n")
    monkeypatch.setattr("validation.machine.probe.load.time.monotonic", lambda: next(clock))
    own = iter(((1.0, 0.5, 0.0, 0.0, 0.0), (4.0, 1.5, 1.0, 0.0, 0.0)))
    monkeypatch.setattr("validation.machine.probe.load.os.times", lambda: next(own))
    watch = Watch(stat)
    # Twenty seconds more, two of them of interrupts and one stolen by other machines; five were this process's.
    stat.write_text(f"cpu  {22 * ticks} 0 0 900 7 {2 * ticks} 0 {ticks} 99 0\n")
    found = watch.load(2, [0.1, 0.3, 0.2])
    assert found.others == pytest.approx((20.0 - 5.0) / 10.0)
    assert (found.threads, found.spread) == (2, 0.2)


def test_a_system_that_does_not_tell(tmp_path: Path) -> None:
    found = Watch(tmp_path / "none").load(1, [])
    assert (found.others, found.spread, found.memory) == (None, 0.0, None)
