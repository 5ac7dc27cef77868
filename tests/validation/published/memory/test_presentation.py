from __future__ import annotations

from collections import Counter

import pytest

from validation.published.memory.errors import MemoryResult
from validation.published.memory.presentation import memory_text, memory_to_dict


def _result(counted: str) -> MemoryResult:
    return MemoryResult(
        id=f"case-{counted}",
        model="m",
        device="d",
        execution="eager/flash",
        quantization="none",
        counted=counted,
        measured=2.0 * 2**30,
        predicted=1.5 * 2**30,
        error=-0.25,
        weights=0.9,
        source="here",
    )


def test_what_is_counted_stands_apart() -> None:
    results = [_result("allocated"), _result("reserved")]
    text = memory_text(results, Counter({"no source": 3}))
    (line,) = (line for line in text.splitlines() if line.startswith("allocated  "))
    assert line.split() == ["allocated", "1", "25.0", "%", "25.0", "%", "-25.0", "%", "0", "%"]
    assert "2.00 GiB  1.50 GiB -25.0 %" in text
    assert text.endswith("memory not compared: 3\n     3  no source\n")
    plain = memory_to_dict(results, Counter())
    assert [group["count"] for group in plain["summary"]["model"]] == [1]
    assert len(plain["rows"]) == 2


@pytest.mark.parametrize("width", [60, 80])
def test_tables_and_reasons_fit_where_they_are_printed(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = memory_text([_result("allocated"), _result("reserved")], Counter({"a reason " * 20: 3}))
    assert max(map(len, text.splitlines())) <= width
    assert "2.00 GiB  1.50 GiB -25.0 %" in text


def test_tables_without_memory_say_nothing() -> None:
    assert memory_text([], Counter()) == ""
