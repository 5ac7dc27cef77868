"""The kernel part of a campaign."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from validation.machine.campaign.files import KERNEL_COLUMNS, GrowingTable  # noqa: E402
from validation.machine.campaign.kernels import FAILURE_COLUMNS, KernelSweep  # noqa: E402
from validation.machine.stopwatch import CpuStopwatch  # noqa: E402
from validation.machine.sweeps import KernelCase  # noqa: E402
from validation.machine.sweeps.case import contiguous  # noqa: E402

_ADD = contiguous("aten::add", (64,), (64,), dtype="float32")
_LINEAR = contiguous("aten::linear", (4, 8), (6, 8), dtype="float32", bias=True)
_UNKNOWN = KernelCase(op="aten::fft", input_shapes=((4,),), dtype="float32")


@pytest.fixture
def sweep(tmp_path: Path) -> Callable[[], KernelSweep]:
    def make() -> KernelSweep:
        return KernelSweep(
            device=torch.device("cpu"),
            name="test device",
            stopwatch=CpuStopwatch(2**14),
            table=GrowingTable(tmp_path / "kernels.csv.gz", KERNEL_COLUMNS),
            failures=GrowingTable(tmp_path / "failures.csv.gz", FAILURE_COLUMNS),
        )

    return make


def _soon() -> float:
    return time.monotonic() + 60


def test_every_case_is_a_warm_and_a_cold_row_with_its_kernel(sweep: Callable[[], KernelSweep]) -> None:
    run = sweep()
    assert run.run([_ADD, _LINEAR], until=_soon()) == 0
    rows = run.table.rows
    assert [(row["op"], json.loads(row["attributes"])["cache"]) for row in rows] == [
        ("aten::add", "warm"),
        ("aten::add", "cold"),
        ("aten::linear", "warm"),
        ("aten::linear", "cold"),
    ]
    assert {row["device"] for row in rows} == {"test device"}
    assert {row["source"] for row in rows} == {"roofcast"}
    assert [row["kernel"] for row in rows[1:3]] == ["aten::add", "aten::addmm"]
    assert json.loads(rows[2]["attributes"])["bias"] is True
    assert all(0 < float(row["latency_s"]) < 1 for row in rows)


def test_what_is_there_is_not_measured_again(sweep: Callable[[], KernelSweep]) -> None:
    sweep().run([_ADD, _UNKNOWN], until=_soon())
    said: list[str] = []
    again = sweep()
    again.say = said.append
    assert again.run([_ADD, _UNKNOWN, _LINEAR], until=_soon()) == 0
    assert said == ["aten::linear float32 4x8"]
    assert len(again.table.rows) == 4


def test_what_cannot_be_measured_is_kept_with_its_reason(sweep: Callable[[], KernelSweep]) -> None:
    run = sweep()
    huge = contiguous("aten::add", (2**45,), (2**45,), dtype="float32")
    assert run.run([_UNKNOWN, huge, _ADD], until=_soon()) == 0
    reasons = [row["reason"] for row in run.failures.rows]
    assert reasons[0] == "operator aten::fft has no runner"
    assert "GB free" in reasons[1]
    assert len(run.table.rows) == 2


def test_nothing_is_begun_after_the_end(sweep: Callable[[], KernelSweep]) -> None:
    run = sweep()
    assert run.run([_ADD, _LINEAR], until=time.monotonic() - 1) == 2
    assert run.table.rows == []


def test_a_device_that_only_fails_is_left(sweep: Callable[[], KernelSweep]) -> None:
    run = sweep()
    cases = [KernelCase(op="aten::fft", input_shapes=((n,),), dtype="float32") for n in range(1, 101)]
    assert run.run(cases, until=_soon()) > 40
    assert run.run([_ADD], until=_soon()) == 1


def test_rows_are_on_disk_before_a_long_block_is_over(
    sweep: Callable[[], KernelSweep], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("validation.machine.campaign.kernels._BLOCK_SECONDS", 1e-9)
    run = sweep()
    on_disk: list[int] = []
    run.flushed = lambda: on_disk.append(len(GrowingTable(tmp_path / "kernels.csv.gz", KERNEL_COLUMNS).rows))
    assert run.run([_ADD, _LINEAR], until=_soon()) == 0
    assert on_disk == [2, 4]
