"""Numbers that no known part is like are named, and the file of what known parts are like keeps to the catalogue."""

from __future__ import annotations

import functools

import pytest

from hw_specs import apply_overrides, load_accelerator
from hw_specs.catalogue import load_file
from hw_specs.listing.known_parts import known_ranges, ranges_of, slip_warnings, slips, unlike_any
from hw_specs.listing.names import accelerator_files


@functools.cache
def _parts():
    return tuple(load_file(path) for path in accelerator_files())


def test_no_known_part_is_unlike_all():
    assert {part.name: slips(part) for part in _parts() if slips(part)} == {}


def test_the_file_is_near_the_catalogue():
    """Ranges decide by factors of a thousand: a new part may widen one a little before the file is written anew."""
    found, known = ranges_of(_parts()), known_ranges()
    assert found.keys() <= known.keys()
    assert all(0.1 < known[name][end] / found[name][end] < 10 for name in found for end in (0, 1))


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        (["memory.dram.bandwidth=0.001x"], "memory.dram.bandwidth"),
        (["memory.dram.bandwidth=1000x"], "memory.dram.bandwidth"),
        (["memory.l2.bandwidth=1000x"], "memory.l2.bandwidth"),
        (["links.pcie.bandwidth=0.001x"], "links.pcie.bandwidth"),
        (["memory.dram.capacity=1 nB"], "memory.dram.capacity"),
        (["cores.count=100000000"], "cores.count"),
        (["power.board=20 kW", "power.idle=1 W"], None),
        (["power.board=400 kW", "power.idle=1 W"], "power.board"),
        (["power.board=400 mW"], "power.board"),
        (["peak.matrix.fp16=312 GFLOP/s"], "peak.matrix.fp16"),
        (["peak.vector.fp32=19.5 PFLOP/s"], "peak.vector.fp32"),
        (["memory.dram.latency=0.4 ns"], "memory.dram.latency"),
        (["memory.shared.capacity=164 MB"], "memory.shared.capacity"),
        (["cores.clock=1 Hz"], "cores.clock"),
        (["power.idle=500 W"], "power.idle"),
        (["memory.dram.bandwidth=4x", "cores.count=2x"], None),
        (["peak.matrix=10x"], None),
    ],
)
def test_slips_are_named(changes, path):
    named = {line.partition(" ")[0] for line in slips(apply_overrides(load_accelerator("a100"), changes))}
    assert (path in named) if path else not named


def test_what_is_said_has_units():
    part = apply_overrides(load_accelerator("a100"), ["memory.dram.capacity=1 kB"])
    assert ("memory.dram.capacity", "is 1000 B; known parts have 8.59 GB to 6.6 TB") in list(unlike_any(part))


@pytest.mark.parametrize("name", ["h100", "mi300x", "tpu_v5e", "m2_ultra_76c", "epyc_9654"])
@pytest.mark.parametrize("factor", ["1000x", "0.001x"])
def test_a_bandwidth_off_by_a_thousand_never_passes(name, factor):
    part = apply_overrides(load_accelerator(name), [f"memory.dram.bandwidth={factor}"])
    assert any(line.startswith("memory.dram.bandwidth") for line in slips(part))


def test_warnings_name_the_part():
    part = apply_overrides(load_accelerator("a100"), ["power.idle=500 W"])
    assert slip_warnings([part, load_accelerator("h100")]) == (
        f"warning: {part.name}: power.idle is not below the board power",
    )
