from __future__ import annotations

from validation.study.section import Section, tables_by_name
from validation.study.table import Table


def test_tables_are_found_by_name() -> None:
    first, second = (Table.of(name, "", {"a": ""}, []) for name in ("one", "two"))
    sections = [
        Section(name="x", title="X", shows="", tables=(first,)),
        Section(name="y", title="Y", shows="", tables=(second,)),
    ]
    assert tables_by_name(sections) == {"one": first, "two": second}
