"""How far parts of one line are off when predicted from others."""

import numpy as np
import pytest

from hw_specs import Calibration, CalibrationPool
from simulator.uncertainty.relatives import LineError, Relatives
from validation.errors.prediction import predicted
from validation.fitting.intervals.relatives import count_relatives, relatives_text, without_line
from validation.measured.tables import read_measured

HEADER = "device,op,input_shapes,dtype,attributes,latency_s,kernel,source\n"


def _table(tmp_path, device, rows):
    path = tmp_path / "table.csv"
    lines = [f'"{device}",aten::mm,"[[{m},4096],[4096,4096]]",torch.float32,{{}},{time},,x\n' for m, time in rows]
    path.write_text(HEADER + "".join(lines))
    return read_measured(path)


def test_a_pool_without_a_line_keeps_all_others():
    shipped = CalibrationPool.shipped()
    names = {entry.name for entry in without_line(shipped, "apple7").members}
    assert {entry.name for entry in shipped.members} - names == {"apple7_ceilings"}


def test_the_bias_of_an_operator_is_that_of_its_rows_which_the_line_itself_says_nothing_of(tmp_path):
    own = Calibration(
        name="own",
        architecture="apple7",
        accelerators=("M1-Max-32c",),
        groups={"vector_matmul": ("M1-Max-32c",)},
        parameters={"vector_matmul.rate": 0.5},
        sources=("test",),
    )
    pool = CalibrationPool.of(own)
    table = _table(tmp_path, "Apple M1 Max", [(4096, 0.02), (8192, 0.04), (1, 4e-5)])
    found = count_relatives((), [table], pool)
    (error,) = found.errors
    expected = np.log(table.latency[:2] / predicted(table, CalibrationPool.empty(), timings={}).time[:2])
    assert (error.line, error.device, error.what, error.count) == ("apple7", "M1-Max-32c", "aten::mm", 2)
    assert error.bias == pytest.approx(expected.mean(), abs=1e-3)
    assert (found.deviation, found.operators) == (0.0, pytest.approx(abs(error.bias)))
    assert "aten::mm" in relatives_text(found)


@pytest.mark.parametrize("width", [60, 80])
def test_what_was_counted_fits_where_it_is_printed(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    what = "aten::_scaled_dot_product_flash_attention"
    error = LineError(line="apple7", device="M1-Max-32c", what=what, count=3, bias=0.1)
    text = relatives_text(Relatives.counted([error], {"test"}))
    assert max(map(len, text.splitlines())) <= width
    assert "1.11" in text


def test_lines_that_all_was_fitted_on_are_no_strangers(tmp_path):
    table = _table(tmp_path, "NVIDIA T4", [(4096, 0.05)])
    assert count_relatives((), [table], CalibrationPool.shipped()).errors == ()
