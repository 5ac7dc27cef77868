from pathlib import Path

import pytest

from hw_specs import SpecError
from hw_specs.reading.yaml_loader import parse_yaml, read_yaml


def test_plain_mapping() -> None:
    assert parse_yaml("a: 1\nb: {c: [x, y]}", where="f.yaml") == {"a": 1, "b": {"c": ["x", "y"]}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "f.yaml: line 3: key 'a' repeats line 1; keep one of them"),
        ("top:\n  x: 1\n  x: 1", "f.yaml: line 3: key 'x' repeats line 2; keep one of them"),
        ("{a: 1, a: 2}", "f.yaml: line 1: key 'a' repeats line 1"),
        ("no: 1", "f.yaml: line 1: key 'no' is not text; write it in quotes"),
        ("4090: 1", "f.yaml: line 1: key '4090' is not text"),
        ("? [a]\n: 1", "is not text"),
        ("base: &b {a: 1}\nx:\n  <<: *b", "f.yaml: line 3: key '<<' is not text"),
        ("- a\n- b", "f.yaml: holds no mapping; write 'key: value' lines"),
        ("", "f.yaml: holds no mapping"),
        ("a: [1, 2", "is not valid YAML (did not find expected"),
        ("a: 1\n\tb: 2", "f.yaml: line 2: is not valid YAML"),
        ("a: !!python/object/apply:os.getcwd []", "is not valid YAML (could not determine a constructor"),
        ("a: \x00", "is not valid YAML"),
        ("a: 2020-13-45", "f.yaml: is not usable YAML (month must be in 1..12"),
        ("a: " + "9" * 5000, "f.yaml: line 1: 9999999999999999999999999999999999999999... has more than 64 bits"),
        ("a: 1:30", "f.yaml: line 1: 1:30 is in base 60, 8 or 2 for YAML; write it in base 10"),
        ("a: 0132", "f.yaml: line 1: 0132 is in base 60, 8 or 2 for YAML"),
        ("a: 1:30.5", "f.yaml: line 1: 1:30.5 is in base 60; write it in base 10"),
        ("a: !!binary aGk=", "f.yaml: line 1: !!binary is no plain data"),
        ("a: !!set {x}", "f.yaml: line 1: !!set is no plain data"),
        ("a: " + "[" * 5000, "f.yaml: line 1: nests deeper than 64 levels"),
        ("a: 9223372036854775808", "f.yaml: line 1: 9223372036854775808 has more than 64 bits"),
        ("a:\n- 0x" + "f" * 100, "f.yaml: line 2: 0xff"),
        ("a: .inf", "f.yaml: line 1: .inf is no finite number"),
        ("a: -.inf", "is no finite number"),
        ("a: .nan", "is no finite number"),
        ("a: 1.0e+400", "f.yaml: line 1: 1.0e+400 is no finite number"),
    ],
)
def test_refusals_name_file_and_line(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_yaml(text, where="f.yaml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"absent\.yaml: cannot be read \(No such file or directory\)"):
        read_yaml(tmp_path / "absent.yaml")


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="is a folder"):
        read_yaml(tmp_path)


def test_binary_file(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(SpecError, match="is not UTF-8 text"):
        read_yaml(path)


def test_what_is_read_twice_is_not_shared():
    one, other = (parse_yaml("a: {b: [1, {c: 2}]}", where="x") for _ in range(2))
    one["a"]["b"][1]["c"] = 3
    assert other == {"a": {"b": [1, {"c": 2}]}}
