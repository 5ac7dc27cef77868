"""docs/architecture.md: the rooms that it names exist, and its picture is made from the code as it is."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def drawing() -> ModuleType:
    pytest.importorskip("grimp", reason="the picture needs import-linter's grimp")
    spec = importlib.util.spec_from_file_location("draw_architecture", DOCS / "draw_architecture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_rooms_of_the_page_exist() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:hw_specs|tracer|simulator|validation)/[a-z_/]+/)", text)
    assert len(named) > 20
    assert [room for room in named if not (DOCS.parent / room).is_dir()] == []


def test_every_room_is_in_the_picture_and_on_the_page(drawing: ModuleType) -> None:
    rooms, _ = drawing.room_imports()
    picture = (DOCS / "architecture.svg").read_text(encoding="utf-8")
    assert [room for room in rooms if f">{room}<" not in picture] == []
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    folders = [room.replace(".", "/") for room in rooms]
    assert [
        f for f in folders if (DOCS.parent / f).is_dir() and f"{f}/" not in page and f != "validation/commands"
    ] == []


def test_packages_import_one_way(drawing: ModuleType) -> None:
    _, edges = drawing.room_imports()
    level = {"hw_specs": 0, "tracer": 1, "simulator": 2, "validation": 3}
    packages = {(a.partition(".")[0], b.partition(".")[0]) for a, b in edges}
    assert all(a == b or level[a] > level[b] for a, b in packages)
