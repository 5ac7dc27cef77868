from pathlib import Path

import pytest
from pydantic import ValidationError

from hw_specs import Cores
from hw_specs.errors import SpecError
from hw_specs.reading.record import Record, Text, read_record
from hw_specs.units.quantity import Bytes


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


class _Sized(Record):
    size: Bytes


def _file(folder: Path, text: str) -> Path:
    path = folder / "thing.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_a_record_or_refused_in_one_line_that_names_it(tmp_path: Path) -> None:
    assert read_record(_file(tmp_path, "name: X"), _Named) == _Named(name="X")
    with pytest.raises(
        SpecError, match=rf"^{tmp_path}/thing\.yaml: nam: unknown key; valid are name; did you mean 'name'\?"
    ) as error:
        read_record(_file(tmp_path, "nam: X"), _Named)
    assert "\n" not in str(error.value)


def test_units_are_asked_for_where_they_must_be_written(tmp_path: Path) -> None:
    path = _file(tmp_path, "size: 2048")
    assert read_record(path, _Sized).size == 2048
    with pytest.raises(SpecError, match=r"thing\.yaml: size"):
        read_record(path, _Sized, unit_strings_only=True)
