"""Files of earlier releases."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hw_specs import SpecError, load_accelerator
from hw_specs.reading.conversion import as_yaml, converted

_OLD = """\
name: Mine
extends: rtx_4090
form_factor: GeForce
cores: {count: 100, shared_memory: 96 KiB}
memory: {shared: {capacity: 128 KiB, per_core: true}}
sources: [me]
"""


def test_shared_memory_stands_once_and_the_headroom_is_said() -> None:
    tree, changes = converted(yaml.safe_load(_OLD))
    assert tree["cores"] == {"count": 100, "clock_headroom": 1.1}
    assert tree["memory"] == {"shared": {"capacity": "96 KiB", "per_core": True}}
    assert [change.partition(":")[0] for change in changes] == ["memory.shared.capacity", "cores.clock_headroom"]
    assert list(tree) == ["name", "extends", "form_factor", "cores", "memory", "sources"]


def test_what_is_of_this_release_stays() -> None:
    tree = {"name": "Mine", "extends": "a100", "sources": ["me"], "cores": {"count": 3}}
    assert converted(tree) == (tree, ())


def test_an_old_file_is_refused_with_the_command_and_read_once_converted(tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(_OLD)
    with pytest.raises(SpecError, match=r"hwspec convert .*old\.yaml -o NEW\.yaml"):
        load_accelerator(str(old))
    new.write_text(as_yaml(converted(yaml.safe_load(_OLD))[0]))
    shared = load_accelerator(str(new)).memory.shared
    assert shared is not None
    assert shared.capacity == 96 * 1024


def test_fields_that_are_gone_are_left_out_with_a_line_each() -> None:
    tree = {"name": "Mine", "cores": {"count": 3, "sustained_clock": "1 GHz", "shared_memory_per_block": "96 KiB"}}
    new, changes = converted(tree)
    assert new == {"name": "Mine", "cores": {"count": 3}}
    assert changes == (
        "cores.sustained_clock: is left out, the power limit says which clock lasts",
        "cores.shared_memory_per_block: is left out, the capacity of memory.shared bounds a block as well",
    )
    assert "sustained_clock" in tree["cores"]
