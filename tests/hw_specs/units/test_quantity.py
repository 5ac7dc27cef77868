import pytest
from pydantic import ValidationError

from hw_specs import Link, MemoryLevel, Peak, Power


def test_python_gives_si_numbers_or_unit_strings() -> None:
    assert MemoryLevel.model_validate({"capacity": 1e9, "bandwidth": "1 TB/s"}).bandwidth == 1e12
    assert Link(bandwidth=3e11).latency is None


def test_files_must_give_unit_strings() -> None:
    with pytest.raises(ValidationError, match=r"1000000000\.0 has no unit; write it as '80 GiB'"):
        MemoryLevel.model_validate({"capacity": 1e9}, context={"unit_strings_only": True})


def test_clock_of_the_context_resolves_cycles() -> None:
    level = MemoryLevel.model_validate({"capacity": "1 MiB", "bandwidth": "64 B/clk"}, context={"clock": 2e9})
    assert level.bandwidth == 128e9


@pytest.mark.parametrize("value", [0, -1.0, "0 W", "-3 W", float("inf"), float("nan"), True, None, [1], "1 B"])
def test_quantities_are_positive_finite_and_of_their_kind(value: object) -> None:
    if value is None:
        assert Power(board=None).board is None
        return
    with pytest.raises(ValidationError, match="write it as '400 W'"):
        Power.model_validate({"board": value})


def test_unknown_format_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"unknown number format 'fp61'.*did you mean .*'fp16'"):
        Peak(matrix={"fp61": 1e12})
