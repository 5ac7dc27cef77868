"""Settings that do nothing say so, and those that do something do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw_specs import Accelerator, CalibrationPool, changeable_paths, load_accelerator
from hw_specs.catalogue import extended_accelerator
from hw_specs.reading.fields import lookup
from simulator.unread import changes_without_effect, fields_without_effect, is_read, remarks_on

POOL = CalibrationPool.shipped()


def paths_of(accelerator: Accelerator) -> list[str]:
    """Paths of the numbers that an accelerator has."""
    tree = accelerator.model_dump()
    return [path for path in changeable_paths(accelerator) if lookup(tree, path) is not None]


#: Fields that no mechanism reads: caches that hide behind others, and links that are not the fastest.
UNREAD = {"memory.llc.latency", "links.pcie.bandwidth"}

#: Fields of which more does nothing where another limit decides.
DECIDED_ELSEWHERE = {"cores.max_blocks"}


@pytest.mark.parametrize("name", ["h100", "a100", "mi300x", "rtx_4090", "tpu_v5p", "m2_ultra_76c", "epyc_9654", "t4"])
def test_every_field_is_read_or_says_that_it_is_not(name: str) -> None:
    part = load_accelerator(name)
    unread = {path for path in paths_of(part) if not is_read(part, path, POOL)}
    # What of an L2 hides behind a last-level cache is of the part, not of the field.
    without_warps = {"cores.warp_size"} if part.cores.max_warps is None else set()
    assert {path for path in unread if not path.startswith("memory.l2.")} <= UNREAD | DECIDED_ELSEWHERE | without_warps


def test_lines_name_the_field_and_why() -> None:
    part = load_accelerator("h100")
    changes = ["links.pcie.bandwidth=2x", "memory.l2.measured_bandwidth=2x", "memory.dram.bandwidth=2x"]
    assert changes_without_effect(part, changes, POOL) == (
        "no term reads links.pcie.bandwidth: the change has no effect",
        "memory.l2.measured_bandwidth: the change has no effect, another value decides",
    )


def test_a_field_without_a_value_may_be_read_or_not() -> None:
    part = load_accelerator("b200")
    assert part.memory.l2 is not None
    assert part.memory.l2.bandwidth is None
    assert changes_without_effect(part, ["memory.l2.bandwidth=20 TB/s"], POOL) == ()
    changes = ["memory.llc.latency=300 ns", "memory.llc.capacity=1 GiB"]
    assert changes_without_effect(part, changes, POOL) == (
        "no term reads memory.llc.latency: the change has no effect",
    )


def test_a_limit_of_residency_is_read_where_another_decides() -> None:
    """2048 threads of a core are 64 warps: twice as many warps bring no thread, half of them leave half."""
    part = load_accelerator("h100")
    assert changes_without_effect(part, ["cores.max_warps=2x"], POOL) == (
        "cores.max_warps: the change has no effect, another value decides",
    )
    for change in ("cores.max_warps=0.5x", "cores.warp_size=0.5x", "memory.registers.capacity=0.5x"):
        assert changes_without_effect(part, [change], POOL) == ()


def test_groups_of_rates_are_read_unless_another_change_says_the_same() -> None:
    part = load_accelerator("a100")
    assert changes_without_effect(part, ["peak.matrix=2x"], POOL) == ()
    # Twice the cores bring twice the arithmetic by themselves.
    (line,) = changes_without_effect(part, ["peak.matrix=2x", "cores.count=2x"], POOL)
    assert line == "peak.matrix: the change has no effect, another value decides"


def test_fields_of_a_file_that_no_term_reads(tmp_path: Path) -> None:
    """Of two values that the file changes, one moves the columns."""
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: Mine\nextends: h100\nlinks: {pcie: {bandwidth: 9 GB/s}}\nmemory: {dram: {bandwidth: 5 TB/s}}\n"
        "sources: [me]\n",
        encoding="utf-8",
    )
    extended = extended_accelerator(str(path))
    assert extended is not None
    assert extended.name == "H100-SXM5-80GB"
    own = load_accelerator(str(path))
    lines = fields_without_effect(own, extended, CalibrationPool.empty())
    assert lines == ("no term reads links.pcie.bandwidth: the change has no effect",)
    assert fields_without_effect(extended, extended, CalibrationPool.empty()) == ()


def test_a_value_that_a_file_takes_away_is_no_value_that_nothing_reads() -> None:
    """An H100 has no int4, which an A100 has."""
    own, extended = load_accelerator("h100"), load_accelerator("a100")
    assert "int4" in extended.peak.matrix
    assert "int4" not in own.peak.matrix
    lines = fields_without_effect(own, extended, CalibrationPool.empty())
    assert lines
    assert not any("int4" in line for line in lines)


def test_a_module_of_several_devices_is_none() -> None:
    (line,) = remarks_on("mi250x", load_accelerator("mi250x"), (), POOL)
    assert line.startswith("MI250X is a module of several devices")
    assert "--hw mi250x-gcd" in line
    assert remarks_on("mi250x_gcd", load_accelerator("mi250x_gcd"), (), POOL) == ()
