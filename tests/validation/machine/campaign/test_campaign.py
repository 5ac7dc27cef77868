"""A whole campaign in tiny form, on a CPU."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tracer.capture.machine.device_facts import DeviceError, device_name  # noqa: E402
from tracer.capture.machine.nvml import DeviceSample  # noqa: E402
from tracer.graph import Workload  # noqa: E402
from tracer.workloads.modules.meta_module import meta_module  # noqa: E402
from tracer.workloads.pipeline import Pipeline, StageSpec  # noqa: E402
from validation.machine.campaign.campaign import Campaign, CampaignError, CampaignOptions, run_campaign  # noqa: E402
from validation.machine.campaign.files import KERNEL_COLUMNS, GrowingTable  # noqa: E402
from validation.machine.campaign.models import ModelRun  # noqa: E402
from validation.machine.sweeps import planned_cases  # noqa: E402


def _find(name: str) -> Pipeline:
    def build(workload: Workload) -> list[StageSpec]:
        module = meta_module(lambda: torch.nn.Linear(4, 4), dtype=workload.dtype)

        def run(linear: Any, repeat: int) -> object:
            return linear(torch.empty((1, 4), device="meta"))

        return [StageSpec(name="linear", component="linear", module=module, run=run, repeats=2)]

    defaults = Workload(dtype="float32")
    return Pipeline(name=name, title=name, defaults=defaults, build=build, sources=("here",), parameters={})


_OPTIONS = CampaignOptions(device="cpu", minutes=2.0, tiny=True, models=(ModelRun(model="toy"),), find=_find)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for one another on a busy machine would take most of the time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def said() -> list[tuple[str, float]]:
    return []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("campaign") / "here"


@pytest.fixture(scope="module")
def campaign(folder: Path, said: list[tuple[str, float]]) -> Campaign:
    return run_campaign(folder, _OPTIONS, lambda what, share: said.append((what, share)))


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_everything_that_was_planned_is_there(campaign: Campaign, folder: Path) -> None:
    planned = len(planned_cases("tiny"))
    assert campaign == Campaign(kernels=2 * planned, traces=1, failures=0, cases_left=0, models_left=0)
    names = {path.name for path in folder.iterdir()}
    assert names == {"kernels.csv.gz", "nvml.csv.gz", "failures.csv.gz", "README.md", "traces"}
    rows = _rows(folder / "kernels.csv.gz")
    assert list(rows[0]) == list(KERNEL_COLUMNS)
    assert all(row["kernel"] for row in rows)


def test_the_readme_has_the_conditions(campaign: Campaign, folder: Path) -> None:
    del campaign
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert device_name(torch.device("cpu")) in text.splitlines()[0]
    for wanted in (
        f"torch: {torch.__version__}",
        "date: ",
        "How times were taken",
        "`traces/toy.trace`",
        "aten::linear",
    ):
        assert wanted in text


def test_progress_is_the_share_of_the_time(campaign: Campaign, said: list[tuple[str, float]]) -> None:
    del campaign
    assert [share for _, share in said] == sorted(share for _, share in said)
    assert any(what.startswith("toy: linear") for what, _ in said)


def test_a_second_run_has_nothing_left_to_do(campaign: Campaign, folder: Path) -> None:
    before = (folder / "kernels.csv.gz").read_bytes()
    again: list[str] = []
    assert run_campaign(folder, _OPTIONS, lambda what, share: again.append(what)) == campaign
    assert again == []
    assert (folder / "kernels.csv.gz").read_bytes() == before


def test_samples_of_the_device_are_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class _Device:
        def sample(self) -> DeviceSample:
            return DeviceSample(
                time=1.0, core_clock=1.98e9, memory_clock=3.2e9, power=700.0, temperature=60.0, reasons=("a", "b")
            )

    monkeypatch.setattr("validation.machine.campaign.campaign.nvml_of", lambda device: _Device())
    run_campaign(tmp_path / "c", CampaignOptions(device="cpu", minutes=0.0001, tiny=True, models=()))
    rows = _rows(tmp_path / "c" / "nvml.csv.gz")
    assert rows[0] == {
        "time": "1",
        "core_clock": "1980000000",
        "memory_clock": "3200000000",
        "power": "700",
        "temperature": "60",
        "reasons": "a b",
    }


def test_a_folder_of_another_device_is_refused(tmp_path: Path) -> None:
    row = {**dict.fromkeys(KERNEL_COLUMNS, "x"), "device": "NVIDIA H200"}
    GrowingTable(tmp_path / "kernels.csv.gz", KERNEL_COLUMNS).add([row])
    with pytest.raises(CampaignError, match="holds measurements of NVIDIA H200; take another folder"):
        run_campaign(tmp_path, _OPTIONS)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="cannot write"):
        run_campaign(tmp_path / "no" / "folder", _OPTIONS)


def test_a_missing_device_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="valid: cpu"):
        run_campaign(tmp_path, CampaignOptions(device="abacus"))
