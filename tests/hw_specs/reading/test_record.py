import pytest
from pydantic import ValidationError

from hw_specs import Cores
from hw_specs.reading.record import Record, Text


class _Named(Record):
    name: Text


@pytest.mark.parametrize("value", [0, -2, 1.5, "108", True])
def test_counts_are_positive_integers(value: object) -> None:
    with pytest.raises(ValidationError):
        Cores.model_validate({"count": value, "kind": "SM", "clock": 1e9})


def test_records_are_frozen_and_closed() -> None:
    record = _Named(name="X")
    with pytest.raises(ValidationError, match="frozen"):
        setattr(record, "name", "Y")  # noqa: B010 (a plain assignment is refused before it runs)
    with pytest.raises(ValidationError, match="Extra inputs"):
        _Named.model_validate({"name": "X", "colour": "green"})
    with pytest.raises(ValidationError, match="at least 1 character"):
        _Named(name="")
