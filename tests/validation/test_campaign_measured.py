"""Tables of a campaign read back."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from validation.campaign_files import KERNEL_COLUMNS, GrowingTable
from validation.campaign_measured import case_of_row, is_campaign_table, read_campaign
from validation.measured import MeasurementError
from validation.sweeps import FAMILIES, KernelCase, cases_of

_DEVICE = "NVIDIA H100 SXM"


def _row(case: KernelCase, cache: str, **changes: str) -> dict[str, str]:
    import json

    columns = case.columns()
    columns["attributes"] = json.dumps({**json.loads(columns["attributes"]), "cache": cache})
    return {"device": _DEVICE, **columns, "latency_s": "1e-5", "kernel": "k", "source": "roofcast", **changes}


def _table(path: Path, *rows: dict[str, str]) -> Path:
    GrowingTable(path, KERNEL_COLUMNS).add(rows)
    return path


@pytest.mark.parametrize("family", FAMILIES)
def test_every_case_comes_back_from_its_row(family: str) -> None:
    for case in cases_of(family, "full")[::40]:
        assert case_of_row(_row(case, "cold")) == (case, True)
        assert case_of_row(_row(case, "warm")) == (case, False)


def test_rows_become_kernels_that_find_all_or_nothing_in_the_cache(tmp_path: Path) -> None:
    norm = next(c for c in cases_of("normalization", "full") if c.op == "aten::group_norm")
    path = _table(tmp_path / "k.csv.gz", _row(norm, "warm"), _row(norm, "cold"))
    assert is_campaign_table(path)
    measured = read_campaign(path)
    assert measured.accelerator.name == "H100-SXM5-80GB"
    assert measured.latency.tolist() == [1e-5, 1e-5]
    warm, cold = (measured.select(measured.row[[i]] * 0 + i) for i in (0, 1))
    assert warm.table.resident_bytes.sum() > 0
    assert cold.table.resident_bytes.sum() == 0


def test_a_row_that_cannot_be_read_is_counted(tmp_path: Path) -> None:
    case = cases_of("pointwise", "full")[0]
    path = _table(tmp_path / "k.csv.gz", _row(case, "warm"), _row(case, "warm", latency_s="soon"))
    measured = read_campaign(path)
    assert len(measured) == 1
    assert sum(measured.skipped.values()) == 1
    assert "row that cannot be read" in next(iter(measured.skipped))


def test_tables_that_are_none_are_refused(tmp_path: Path) -> None:
    case = cases_of("pointwise", "full")[0]
    two = _table(tmp_path / "two.csv.gz", _row(case, "warm"), _row(case, "warm", device="other"))
    with pytest.raises(MeasurementError, match="expected rows of one device"):
        read_campaign(two)
    unknown = _table(tmp_path / "unknown.csv.gz", _row(case, "warm", device="Abacus 9"))
    with pytest.raises(MeasurementError, match="no accelerator 'Abacus 9'"):
        read_campaign(unknown)
    (tmp_path / "no.csv.gz").write_bytes(b"no table")
    with pytest.raises(MeasurementError, match="cannot be read"):
        read_campaign(tmp_path / "no.csv.gz")
    assert not is_campaign_table(tmp_path / "no.csv.gz")
    assert not is_campaign_table(tmp_path / "missing.csv.gz")
    GrowingTable(tmp_path / "short.csv.gz", ("device", "op")).add([{"device": "x", "op": "y"}])
    with pytest.raises(MeasurementError, match="lacks the columns"):
        read_campaign(tmp_path / "short.csv.gz")
