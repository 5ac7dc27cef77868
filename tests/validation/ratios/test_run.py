from __future__ import annotations

from collections.abc import Callable

from simulator.uncertainty.ratios import CHANGES
from validation.published.case import Case
from validation.published.names import load_names
from validation.ratios.run import Run, runs_of

Make = Callable[..., Case]


def only_run(case: Case) -> Run:
    (run,), left_out = runs_of([case], load_names())
    assert not left_out
    return run


def test_what_a_source_leaves_open_is_the_pipelines(case: Make) -> None:
    run = only_run(case(settings={}))
    assert dict(zip(CHANGES, run.values, strict=True)) == {
        "accelerator": "A100-SXM4-80GB",
        "attention": "flash",
        "execution": "eager",
        "batch": "batch 1",
        "resolution": "512 x 512",
        "number format": "float16",
        "devices": "1 device",
        "quantization": "none",
    }
    assert run.values == only_run(case(settings={"height": 512, "width": 512})).values


def test_a_split_over_devices_is_one_thing_that_may_differ(case: Make) -> None:
    one, four = (
        only_run(case(execution={"mode": "eager", "attention": "flash", **split}))
        for split in ({}, {"parallel": "ulysses=4"})
    )
    assert (one.values[6], four.values[6]) == ("1 device", "ulysses=4")
    assert (one.shared, one.values[:6]) == (four.shared, four.values[:6])


def test_tf32_is_a_number_format_of_float32_alone(case: Make) -> None:
    tf32 = {"mode": "eager", "attention": "flash", "matmul_tf32": True}
    assert only_run(case(settings={"dtype": "float32"}, execution=tf32)).values[5] == "tf32"
    assert only_run(case(settings={"dtype": "float16"}, execution=tf32)).values[5] == "float16"


def test_a_scheme_is_one_thing_whatever_its_components(case: Make) -> None:
    row = {"mode": "eager", "attention": "flash", "quantize": "fp8-row:unet,vae"}
    assert only_run(case(execution=row)).values[-1] == "fp8-row"
    assert only_run(case(execution=row)).shared == only_run(case()).shared


def test_steps_options_and_layout_are_shared_or_the_runs_are_not_alike(case: Make) -> None:
    shared = only_run(case()).shared
    layout = {"mode": "eager", "attention": "flash", "channels_last": True}
    for other in (
        case(settings={"num_inference_steps": 20}),
        case(options=("fused QKV",)),
        case(execution=layout),
        case(quantity="stage_latency", stage="unet"),
        case(source="somebody else"),
    ):
        assert only_run(other).shared != shared
    assert only_run(case(settings={"batch": 8}, sliced_decoder=True)).shared == shared


def test_files_of_one_script_are_one_table(case: Make) -> None:
    both = [f"github.com/LambdaLabsML/lambda-diffusers@1:{name}.csv" for name in ("benchmark", "no_xformers")]
    assert len({only_run(case(source=source)).table for source in both}) == 1


def test_a_run_that_was_published_again_counts_once_by_its_median(case: Make) -> None:
    runs, left_out = runs_of([case(str(value), value=value) for value in (1.0, 4.0, 2.0)], load_names())
    assert [run.measured for run in runs] == [2.0]
    assert left_out.total() == 2
    assert "again" in next(iter(left_out))
    newer = case("newer", software="torch-2.1")
    assert len(runs_of([case(), newer], load_names())[0]) == 2


def test_settings_that_cannot_be_are_counted(case: Make) -> None:
    runs, left_out = runs_of([case(settings={"height": 511})], load_names())
    assert not runs
    assert left_out.total() == 1
    assert "height 511 is impossible" in next(iter(left_out))
