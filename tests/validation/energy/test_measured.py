import gzip
from pathlib import Path

import numpy as np
import pytest

from validation.energy.measured import read_power, read_runs, visible_share
from validation.measured.tables import MeasurementError

_HEADER = "device,op,input_shapes,dtype,attributes,latency_s,power_w,power_limit_w,source\n"
_RUNS = "source,gpu,n_gpu,model,height,width,frames,steps,batch,latency_s,energy_J\n"


def _line(latency: float, power: object, op: str = "aten::linear", source: str = "aiconfigurator VLLM") -> str:
    return f'NVIDIA GB200,{op},"[[64, 64], [64, 64]]",bfloat16,{{}},{latency},{power},1200,{source}\n'


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_share_of_a_reading_by_hand() -> None:
    # 2 us x 5 calls x 3000 repetitions: 30 ms of a window of 1 s, and half of that on average.
    assert visible_share(np.array([2e-6]), np.array([5.0]))[0] == pytest.approx(0.015)
    # 1 ms x 5 calls repeat for 3 s: the first second is half another's.
    assert visible_share(np.array([1e-3]), np.array([5.0]))[0] == pytest.approx(1 - 1 / (2 * 3.0), rel=0.01)
    # One call of 10 s repeats six times.
    assert visible_share(np.array([10.0]), np.array([1.0]))[0] == pytest.approx(1 - 1 / 120)


def test_shares_grow_with_the_time_of_a_call() -> None:
    latency = np.logspace(-6, 0, 200)
    for part in (latency < 1e-4, latency >= 1e-4):
        shares = visible_share(latency[part], np.ones(part.sum()))
        assert (np.diff(shares) > -0.02).all()
        assert ((shares > 0) & (shares < 1)).all()


def test_readings_stay_with_their_rows(tmp_path: Path) -> None:
    lines = _line(1e-3, 900.0) + _line(2e-3, 500.0, op="aten::unheard_of") + _line(3e-3, 1100.0)
    rows = read_power(_write(tmp_path / "power.csv", _HEADER + lines))
    assert rows.power.tolist() == [900.0, 1100.0]
    assert rows.before.tolist() == [900.0, 900.0]
    assert sum(rows.measured.skipped.values()) == 1
    assert rows.select(np.array([1])).power.tolist() == [1100.0]
    assert len(rows) == 2


def test_a_campaigns_own_readings_are_all_of_the_call(tmp_path: Path) -> None:
    path = tmp_path / "power.csv.gz"
    path.write_bytes(gzip.compress((_HEADER + _line(1e-6, 700.0, source="roofcast")).encode()))
    assert read_power(path).visible.tolist() == [1.0]


@pytest.mark.parametrize("power", ["", "-3", "nan", "many"])
def test_power_must_be_a_positive_number(tmp_path: Path, power: str) -> None:
    path = _write(tmp_path / "power.csv", _HEADER + _line(1e-3, power))
    with pytest.raises(MeasurementError, match="power_w of aten::linear is no positive number"):
        read_power(path)


def test_a_table_without_power_is_refused(tmp_path: Path) -> None:
    text = (_HEADER + _line(1e-3, 900.0)).replace("power_w", "watts")
    with pytest.raises(MeasurementError, match="lacks the column power_w"):
        read_power(_write(tmp_path / "power.csv", text))


def test_runs_are_mapped_and_the_rest_is_counted(tmp_path: Path) -> None:
    lines = (
        "them,A100-SXM4-40GB,1,stable-diffusion-2-1,768.0,768.0,1.0,25.0,1,1.198,432\n"
        "them,H100-80GB,1,svd-xt,,,25.0,25.0,2,20.79,13393\n"
        "them,H100-80GB,1,i2vgen-xl,,,16.0,25.0,1,23.72,14867\n"
        "them,H100-80GB,2,svd-xt,,,25.0,25.0,1,20.79,13393\n"
        "them,Abacus,1,svd-xt,,,25.0,25.0,1,20.79,13393\n"
    )
    runs, skipped = read_runs(_write(tmp_path / "runs.csv", _RUNS + lines))
    assert [(r.model, r.device, r.energy) for r in runs] == [
        ("sd2.1", "A100-SXM4-40GB", 432.0),
        ("svd-xt", "H100-SXM5-80GB", 13393.0),
    ]
    assert runs[0].settings == {"height": 768, "width": 768, "num_inference_steps": 25, "batch": 1}
    assert runs[1].settings == {"num_inference_steps": 25, "batch": 2, "num_frames": 25}
    assert skipped["no workload for i2vgen-xl"] == 1
    assert skipped["several devices"] == 1
    assert sum(skipped.values()) == 3


def test_runs_without_a_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="lacks the columns energy_J"):
        read_runs(_write(tmp_path / "runs.csv", "source,gpu,model,latency_s\nx,A100,svd-xt,1\n"))


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match=r"runs\.csv: cannot be read"):
        read_runs(tmp_path / "runs.csv")


@pytest.mark.measured
def test_the_public_tables(measured: Path) -> None:
    rows = read_power(measured / "power" / "nvidia_gb200.csv.gz")
    assert len(rows) == 8000
    assert rows.power.max() <= 1200
    runs, skipped = read_runs(measured / "power" / "diffusion_energy.csv")
    assert len(runs) == 12
    assert dict(skipped) == {"no workload for i2vgen-xl": 2}


@pytest.mark.parametrize("wrong", ["many", "0", "1.5", "inf", "nan"])
def test_a_run_with_a_count_that_is_none_is_left_out(tmp_path: Path, wrong: str) -> None:
    good = "ml-energy,NVIDIA A100-SXM4-40GB,1,stable-diffusion-2-1,512,512,1,25,4,2.0,800\n"
    rows, skipped = read_runs(_write(tmp_path / "runs.csv", _RUNS + good + good.replace(",25,", f",{wrong},")))
    assert len(rows) == 1
    assert dict(skipped) == {"steps is no positive whole number": 1}
