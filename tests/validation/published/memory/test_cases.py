from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from validation.published.memory.cases import memory_case_of_row, read_memory
from validation.published.names import Unmappable, load_names

ROW = {
    "id": "m-1",
    "model": "Stable Diffusion v1.5",
    "component": "e2e",
    "device": "NVIDIA RTX 3090",
    "n_devices": "1",
    "precision": "fp16",
    "attention_impl": "sdpa",
    "compile": "eager",
    "batch": "1",
    "height": "512",
    "width": "512",
    "steps": "20",
    "guidance": "yes",
    "metric": "seconds",
    "value": "1.07",
    "memory_gb": "2.62",
    "source": "github.com/siliconflow/onediff@0:examples/sd1.5/README.md",
    "notes": "q=A",
}


def found(**changes: str):
    return memory_case_of_row(ROW | changes, load_names())


def test_scripts_divide_by_1024_three_times() -> None:
    case = found()
    assert case.measured == 2.62 * 2**30
    assert (case.counted.figure, case.component, case.denoiser) == ("allocated", "", "unet")


@pytest.mark.parametrize(
    ("source", "figure", "unit"),
    [
        ("github.com/LambdaLabsML/lambda-diffusers@0:benchmarks/benchmark.csv", "reserved", 1e9),
        ("github.com/gperdrizet/unit-6-assignments@0:docs/data", "allocated", 1000 * 2**20),
        ("github.com/microsoft/onnxruntime:stable_diffusion/README.md", "device", 2**30),
    ],
)
def test_what_a_source_counts(source: str, figure: str, unit: float) -> None:
    case = found(source=source)
    assert case.counted.figure == figure
    assert case.measured == 2.62 * unit


def test_a_component_that_is_timed_alone_is_loaded_alone() -> None:
    alone = {"component": "unet", "source": "huggingface.co/datasets/diffusers/benchmarks (collated_results.csv)"}
    assert found(**alone).component == "unet"
    assert found(component="unet").component == ""


def test_the_safety_checker_counts_where_a_pipeline_holds_it() -> None:
    source = "huggingface.co/datasets/diffusers/benchmarks (collated_results.csv) pipeline era CSVs"
    assert found(source=source).counted.parameters_beside > 3e8
    assert found(source=source, model="SDXL base 1.0").counted.parameters_beside == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"source": "somebody"}, "what of the memory the source counts is not known"),
        ({"memory_gb": "much"}, "memory_gb is not a number"),
        ({"memory_gb": "-1"}, "memory_gb is not positive"),
        ({"notes": "q=A; vae slicing"}, "images are decoded one by one"),
        ({"model": "nothing"}, "model is no workload"),
    ],
)
def test_a_row_that_is_no_case_has_a_reason(changes: dict[str, str], reason: str) -> None:
    with pytest.raises(Unmappable, match=reason):
        found(**changes)


def test_a_run_counts_once(tmp_path: Path, write_rows: Callable[..., Path]) -> None:
    path = write_rows(tmp_path, ROW, ROW | {"metric": "it_per_s"}, ROW | {"memory_gb": ""}, ROW | {"memory_gb": "3.0"})
    cases, left_out = read_memory([path])
    assert [case.measured for case in cases] == [2.62 * 2**30, 3.0 * 2**30]
    assert left_out == {"the same run of the same source again": 1}
    assert read_memory([path], "B")[1] == {"grade other than B": 3}
