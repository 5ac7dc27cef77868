from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hw_specs import CalibrationPool
from validation.published import table
from validation.published.case import Case, CaseError
from validation.ratios.tables import ratios_of_tables

SHIPPED = CalibrationPool.shipped()
RUNS = (
    "id,model,component,device,n_devices,precision,attention_impl,compile,batch,height,width,steps,guidance,metric,"
    "value,source,notes\n"
    "x-1,Stable Diffusion v1.5,unet,NVIDIA A100-80GB SXM,1,fp16,sdpa,eager,1,512,512,50,yes,it_per_s,20,here,q=A\n"
    "x-2,Stable Diffusion v1.5,unet,NVIDIA T4,1,fp16,sdpa,eager,1,512,512,50,yes,it_per_s,4,here,q=A\n"
    "x-3,Stable Diffusion v1.5,unet,NVIDIA T4,1,fp16,sdpa,iree,1,512,512,50,yes,it_per_s,4,here,q=A\n"
)
CALLS = (
    "device,op,input_shapes,dtype,attributes,latency_s,kernel,source\n"
    'NVIDIA T4,aten::softmax,"[[4096, 4096]]",float32,{},1e-3,,x\n'
    'NVIDIA A100-SXM4-80GB,aten::softmax,"[[4096, 4096]]",float32,{},2e-4,,x\n'
)


def test_each_table_is_read_as_what_it_is(tmp_path: Path) -> None:
    for name, text in (("runs", RUNS), ("calls", CALLS)):
        (tmp_path / f"{name}.csv").write_text(text)
    found = ratios_of_tables([tmp_path / "calls.csv", tmp_path / "runs.csv"], "AB", SHIPPED)
    assert [(ratio.change, ratio.measured) for ratio in found.ratios] == [("accelerator", 5.0), ("kernels", 5.0)]
    assert found.runs_left_out == {"engine is not modelled": 1}
    assert not found.rows_left_out


@pytest.mark.parametrize(("text", "message"), [("", "not a table"), ("a,b\n1,2\n", "no column")])
def test_a_file_that_is_no_table_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(CaseError, match=message) as caught:
        ratios_of_tables([path], "AB", SHIPPED)
    assert "\n" not in str(caught.value)


def test_without_a_table_the_cases_that_ship_are_compared(
    monkeypatch: pytest.MonkeyPatch, case: Callable[..., Case]
) -> None:
    step = {"quantity": "stage_latency", "stage": "unet"}
    shipped = (case("a", **step), case("b", device="T4", value=3.0, **step), case("c", device="A10", grade="C", **step))
    monkeypatch.setattr(table, "load_cases", lambda: shipped)
    found = ratios_of_tables((), "AB", SHIPPED)
    (ratio,) = found.ratios
    assert (ratio.slower, ratio.faster, ratio.measured) == ("T4", "A100-SXM4-80GB", 3.0)
    assert found.runs_left_out == {"grade other than A or B": 1}
