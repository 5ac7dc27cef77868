from __future__ import annotations

from pathlib import Path

import pytest

from validation.measured.published.lines import Call, load_kernels, product_of, written_with
from validation.measured.records import MeasurementError
from validation.measured.sources import list_sources


def test_terms_are_numbers_or_their_names() -> None:
    assert written_with((2, "m", "k"), {"m": 3, "k": 5}) == [2, 3, 5]
    assert product_of((2, "m", "k"), {"m": 3, "k": 5}) == 30.0
    with pytest.raises(LookupError, match="n"):
        written_with(("n",), {"m": 3})


def test_every_line_calls_a_source_that_is_known_or_refuses() -> None:
    for call in load_kernels().calls:
        assert call.refuse or call.source in list_sources()


def test_a_line_without_a_call_is_refused() -> None:
    with pytest.raises(ValueError, match="give either refuse, or source, op, shapes and flops"):
        Call(contains="x", op="aten::mm")


def test_a_map_that_is_none_says_where(tmp_path: Path) -> None:
    path = tmp_path / "kernels.yaml"
    path.write_text("rates: []\ncalls: [{contains: '('}]\n", encoding="utf-8")
    with pytest.raises(MeasurementError, match=r"kernels\.yaml: calls\.0\.contains: "):
        load_kernels(path)
    with pytest.raises(MeasurementError, match="cannot be read"):
        load_kernels(tmp_path / "none.yaml")
