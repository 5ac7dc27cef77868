from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from hw_specs import Accelerator, SpecError
from hw_specs.reading.explain import explain, findings
from hw_specs.reading.record import Record


def refusal(tree: Mapping[str, object]) -> str:
    with pytest.raises(ValidationError) as caught:
        Accelerator.model_validate(dict(tree))
    error = explain(caught.value, model=Accelerator, where="f.yaml")
    assert isinstance(error, SpecError)
    return str(error)


def test_first_finding_with_place_and_number_of_others() -> None:
    message = refusal({"name": "X"})
    assert message.startswith("f.yaml: vendor: missing; give a value (and ")
    assert "\n" not in message


def test_unknown_keys_get_hints_from_their_own_record() -> None:
    memory = {"dram": {"capacity": 1.0, "bandwidth": 1.0, "bandwith": 2.0}}
    tree = {
        "name": "X",
        "vendor": "X",
        "architecture": "ampere",
        "kind": "gpu",
        "peak": {"vector": {"fp32": 1.0}},
        "cores": {"count": 1, "kind": "core", "clock": 1.0},
        "memory": memory,
        "sources": ["x"],
    }
    assert refusal(tree) == (
        "f.yaml: memory.dram.bandwith: unknown key; valid are capacity, bandwidth, measured_bandwidth, latency, "
        "per_core, inline_ecc, technology; did you mean 'bandwidth'?"
    )


def test_long_values_are_cut() -> None:
    message = refusal({"kind": "k" * 500, "name": 1})
    assert len(message) < 300


def test_a_file_of_another_kind_is_one_line() -> None:
    with pytest.raises(ValidationError) as caught:
        Accelerator.model_validate(dict.fromkeys(("title", "models", "hw", "fields"), 1))
    (line,) = findings(caught.value, model=Accelerator, where="study.yaml")
    assert line.startswith(
        "study.yaml: unknown keys title, models, hw, fields, as of a file of another kind; valid are "
    )


def test_every_finding_has_a_line_of_its_own():
    class Part(Record):
        count: int
        name: str

    with pytest.raises(ValidationError) as caught:
        Part.model_validate({"count": "many", "nmae": "x"})
    lines = findings(caught.value, model=Part, where="x.yaml")
    assert lines[0] == "x.yaml: nmae: unknown key; valid are count, name; did you mean 'name'?"
    assert lines[1].startswith("x.yaml: count: 'many' is refused; ")
    assert lines[2] == "x.yaml: name: missing; give a value"
