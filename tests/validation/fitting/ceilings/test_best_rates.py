"""Reading tables of published best rates."""

import pytest

from validation.fitting.ceilings.best_rates import eager_shares, read_ceilings
from validation.measured.tables import MeasurementError

_HEADER = "device,what,dtype,value,unit,source\n"


def _table(tmp_path, *rows):
    path = tmp_path / "ceilings.csv"
    path.write_text(_HEADER + "".join(row + "\n" for row in rows), encoding="utf-8")
    return path


def test_products_have_rates_and_shapes(tmp_path):
    path = _table(
        tmp_path,
        "AMD MI300X,max matmul; best shape MxNxK 10240x15360x8192; torch 2.5,bf16,668.4,TFLOP/s,a",
        "NVIDIA TITAN V,Linear 4096^3,fp16,77.4,TFLOP/s,b",
        'AMD MI300X,"max achievable GEMM (hipBLASLt, vendor)",fp8,1273,TFLOP/s,c',
    )
    ceilings, skipped = read_ceilings(path)
    assert [c.accelerator.name for c in ceilings] == ["MI300X", "TITAN-V", "MI300X"]
    assert [c.shape for c in ceilings] == [(10240, 15360, 8192), (4096, 4096, 4096), (8192, 8192, 8192)]
    assert [c.value for c in ceilings] == pytest.approx([668.4e12, 77.4e12, 1273e12])
    assert [c.dtype for c in ceilings] == ["bfloat16", "float16", "float8_e4m3fn"]
    assert not skipped


def test_intervals_of_graphs_are_in_seconds(tmp_path):
    what = "back-to-back tiny-kernel interval"
    path = _table(
        tmp_path, f'AMD MI210,"{what}, hipGraph (x)",,2.048,us,a', f'AMD MI210,"{what}, stream launches",,2.5,us,a'
    )
    (interval,), skipped = read_ceilings(path)
    assert (interval.kind, interval.value) == ("interval", pytest.approx(2.048e-6))
    assert skipped.total() == 1


def test_what_is_not_used_is_counted(tmp_path):
    path = _table(
        tmp_path,
        "AMD RX 99,max matmul,bf16,1,TFLOP/s,a",
        "AMD MI300X,max matmul,bf16,many,TFLOP/s,a",
        "AMD MI300X,max matmul,fp32,1,TFLOP/s,a",
        "AMD MI300X,DRAM stream triad,fp64,1,GB/s,a",
    )
    ceilings, skipped = read_ceilings(path)
    assert ceilings == ()
    assert skipped.total() == 4


def test_a_table_of_something_else_is_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("device,value\na,1\n", encoding="utf-8")
    with pytest.raises(MeasurementError, match="lacks the columns what"):
        read_ceilings(path)
    with pytest.raises(MeasurementError, match="cannot be read"):
        read_ceilings(tmp_path / "absent.csv")


def test_shares_are_shares():
    assert all(0.2 < s.share < 1 for s in eager_shares())
