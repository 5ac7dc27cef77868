from hw_specs import Accelerator, load_accelerator
from hw_specs.reading.fields import field_names, lookup, number_units, record_in
from hw_specs.schema import Cores, Link, Memory, MemoryLevel


def test_field_names_at_a_location() -> None:
    assert field_names(Accelerator, ["memory"]) == ["registers", "shared", "l2", "llc", "dram"]
    assert "bandwidth" in field_names(Accelerator, ["memory", "l2"])
    assert "bandwidth" in field_names(Accelerator, ["links", "nvlink"])
    assert "name" in field_names(Accelerator, [])


def test_record_in() -> None:
    assert record_in(MemoryLevel | None) is MemoryLevel
    assert record_in(dict[str, Link]) is Link
    assert record_in(tuple[str, ...]) is None
    assert record_in(Memory) is Memory


def test_units_of_a_record_type() -> None:
    units = dict(number_units(Cores))
    assert units["count"] == ""
    assert units["clock"] == units["matrix_clock"] == "Hz"
    assert units["clock_headroom"] == "1"
    assert "kind" not in units


def test_units_of_an_accelerator_cover_levels_formats_and_links() -> None:
    units = dict(number_units(load_accelerator("a100")))
    assert units["memory.llc.bandwidth"] == "B/s"  # absent, and can be set
    assert units["peak.matrix.fp4"] == "FLOP/s"
    assert units["links.nvlink.bandwidth"] == "B/s"
    assert units["memory.l2.latency"] == "s"
    assert units["power.board"] == "W"
    assert not any(path.startswith("links.ici") for path in units)


def test_lookup() -> None:
    tree = {"a": {"b": 3, "c": "text"}}
    assert lookup(tree, "a.b") == 3
    assert lookup(tree, "a.c") is None
    assert lookup(tree, "a.b.d") is None
    assert lookup(tree, "x") is None
