from typing import Any

import pytest
from pydantic import ValidationError

from hw_specs import Accelerator


def minimal(**changes: Any) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "name": "X1",
        "vendor": "X",
        "architecture": "ampere",
        "kind": "gpu",
        "peak": {"vector": {"fp32": 1e12}},
        "cores": {"count": 4, "kind": "core", "clock": 1e9},
        "memory": {"dram": {"capacity": 1e9, "bandwidth": 1e11}},
        "sources": ["here"],
    }
    return tree | changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sources": []}, "at least 1 item"),
        ({"sources": [""]}, "at least 1 character"),
        ({"kind": "toaster"}, "'gpu', 'tpu', 'npu' or 'cpu'"),
        ({"architecture": "Ampere GA100"}, "pattern"),
        ({"architecture": "amper"}, "'amper' has no file; did you mean 'ampere'"),
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
