from typing import Any

import pytest
from pydantic import ValidationError

from hw_specs import Accelerator, Cores, Link, MemoryLevel, Peak, Power


def minimal(**changes: Any) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "name": "X1",
        "vendor": "X",
        "architecture": "x",
        "kind": "gpu",
        "peak": {"vector": {"fp32": 1e12}},
        "cores": {"count": 4, "kind": "core", "clock": 1e9},
        "memory": {"dram": {"capacity": 1e9, "bandwidth": 1e11}},
        "sources": ["here"],
    }
    return tree | changes


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


@pytest.mark.parametrize("value", [0, -2, 1.5, "108", True])
def test_counts_are_positive_integers(value: object) -> None:
    with pytest.raises(ValidationError):
        Cores.model_validate({"count": value, "kind": "SM", "clock": 1e9})


def test_records_are_frozen() -> None:
    accelerator = Accelerator.model_validate(minimal())
    with pytest.raises(ValidationError, match="frozen"):
        setattr(accelerator, "name", "Y")  # noqa: B010 (a plain assignment is refused before it runs)


def test_unknown_format_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"unknown number format 'fp61'.*did you mean .*'fp16'"):
        Peak(matrix={"fp61": 1e12})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sources": []}, "at least 1 item"),
        ({"sources": [""]}, "at least 1 character"),
        ({"kind": "toaster"}, "'gpu', 'tpu', 'npu' or 'cpu'"),
        ({"architecture": "Ampere GA100"}, "pattern"),
        ({"peak": {}}, "neither matrix nor vector rates"),
        ({"memory": {"dram": {"capacity": 1e9}}}, "dram has no bandwidth"),
        ({"memory": {}}, "Field required"),
        ({"name": 4090}, "valid string"),
        ({"name": ""}, "at least 1 character"),
        ({"hypothetical": "yes"}, "valid boolean"),
        ({"year": 20}, "greater than or equal"),
        ({"colour": "green"}, "Extra inputs"),
    ],
)
def test_refusals(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Accelerator.model_validate(minimal(**changes))


def test_levels_are_listed_nearest_first() -> None:
    level = {"capacity": 1.0, "bandwidth": 1.0}
    accelerator = Accelerator.model_validate(minimal(memory={"dram": level, "l2": level, "registers": level}))
    assert [name for name, _ in accelerator.memory.levels()] == ["registers", "l2", "dram"]


def test_survives_json() -> None:
    accelerator = Accelerator.model_validate(minimal())
    assert Accelerator.model_validate_json(accelerator.model_dump_json()) == accelerator
