"""The whole-model part of a campaign."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tracer.graph import Workload  # noqa: E402
from tracer.storage.trace_file import load_trace  # noqa: E402
from tracer.workloads import find_pipeline, resolve  # noqa: E402
from tracer.workloads.modules.meta_module import meta_module  # noqa: E402
from tracer.workloads.pipeline import Pipeline, StageSpec  # noqa: E402
from validation.machine.campaign.files import GrowingTable  # noqa: E402
from validation.machine.campaign.kernels import FAILURE_COLUMNS  # noqa: E402
from validation.machine.campaign.models import MODEL_RUNS, TINY_RUNS, ModelRun, trace_models  # noqa: E402


def _build(workload: Workload) -> list[StageSpec]:
    module = meta_module(lambda: torch.nn.Linear(4, 4), dtype=workload.dtype)

    def run(linear: Any, repeat: int) -> object:
        return linear(torch.empty((workload.batch, 4), device="meta"))

    return [StageSpec(name="linear", component="linear", module=module, run=run, repeats=9)]


def _find(name: str) -> Pipeline:
    defaults = Workload(dtype="float32")
    return Pipeline(name=name, title=name, defaults=defaults, build=_build, sources=("here",), parameters={})


def _traces(folder: Path, *runs: ModelRun, until: float, find: Any = _find) -> tuple[int, GrowingTable]:
    failures = GrowingTable(folder / "failures.csv.gz", FAILURE_COLUMNS)
    left = trace_models(
        folder / "traces", runs, torch.device("cpu"), until=until, failures=failures, say=lambda what: None, find=find
    )
    return left, failures


@pytest.mark.parametrize("run", [*MODEL_RUNS, *TINY_RUNS], ids=lambda run: run.label)
def test_every_model_of_the_list_is_a_pipeline_that_takes_the_settings(run: ModelRun) -> None:
    pipeline = find_pipeline(run.model)
    assert resolve(pipeline, run.settings) is not None


def test_models_of_the_study_come_first() -> None:
    first = [run.model for run in MODEL_RUNS[:9]]
    study = {"imagen", "stable-diffusion", "muse", "parti", "prod-image", "make-a-video", "phenaki", "llama2-7b"}
    assert study <= set(first)
    assert len({run.label for run in MODEL_RUNS}) == len(MODEL_RUNS)


def test_a_trace_for_each_model_with_reduced_steps(tmp_path: Path) -> None:
    runs = (ModelRun(model="a"), ModelRun(model="a", settings={"batch": 3}))
    left, failures = _traces(tmp_path, *runs, until=time.monotonic() + 60)
    assert (left, failures.rows) == (0, [])
    assert sorted(path.name for path in (tmp_path / "traces").iterdir()) == ["a-batch_3.trace", "a.trace"]
    settings = dict(load_trace(tmp_path / "traces" / "a-batch_3.trace").facts.settings)
    assert (settings["runs.linear"], settings["repeats.linear"], settings["workload.batch"]) == (2, 9, 3)


def test_models_that_are_there_are_not_traced_again(tmp_path: Path) -> None:
    _traces(tmp_path, ModelRun(model="a"), until=time.monotonic() + 60)

    def refuse(name: str) -> Pipeline:
        raise AssertionError(name)

    assert _traces(tmp_path, ModelRun(model="a"), until=time.monotonic() + 60, find=refuse)[0] == 0


def test_none_is_begun_near_the_end(tmp_path: Path) -> None:
    assert _traces(tmp_path, ModelRun(model="a"), until=time.monotonic() + 5)[0] == 1


def test_a_model_that_fails_is_kept_with_its_reason(tmp_path: Path) -> None:
    runs = (ModelRun(model="a", settings={"height": 8}), ModelRun(model="b"))
    left, failures = _traces(tmp_path, *runs, until=time.monotonic() + 60)
    assert left == 0
    assert [row["what"] for row in failures.rows] == ["a-height_8"]
    assert "has no setting height" in failures.rows[0]["reason"]
    assert (tmp_path / "traces" / "b.trace").exists()
