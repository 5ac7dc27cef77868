from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_specs import Accelerator, SpecError, apply_overrides, changeable_paths, load_accelerator
from hw_specs.overrides import change_text, changed_numbers, present_numbers, with_followers
from hw_specs.reading.fields import lookup

A100 = load_accelerator("a100")
H100 = load_accelerator("h100")


def value(accelerator: Accelerator, path: str) -> Any:
    return lookup(accelerator.model_dump(), path)


@pytest.mark.parametrize(
    ("change", "path", "expected"),
    [
        ("memory.dram.bandwidth=2x", "memory.dram.bandwidth", 2 * 2.039e12),
        ("memory.dram.bandwidth=0.5x", "memory.dram.bandwidth", 0.5 * 2.039e12),
        ("memory.dram.bandwidth = 3 TB/s", "memory.dram.bandwidth", 3e12),
        ("peak.matrix.bf16=1 PFLOP/s", "peak.matrix.bf16", 1e15),
        ("peak.matrix.fp8=624 TFLOP/s", "peak.matrix.fp8", 624e12),
        ("memory.l2.capacity=+20 MiB", "memory.l2.capacity", 60 * 2**20),
        ("memory.l2.capacity=-20 MiB", "memory.l2.capacity", 20 * 2**20),
        ("memory.l2.bandwidth=1024 B/clk", "memory.l2.bandwidth", 1024 * 1.41e9),
        ("cores.count=132", "cores.count", 132),
        ("cores.count=2x", "cores.count", 216),
        ("cores.max_threads=1024", "cores.max_threads", 1024),
        ("power.board=300 W", "power.board", 300.0),
        ("power.idle=50 W", "power.idle", 50.0),
        ("links.nvlink.bandwidth=1.5x", "links.nvlink.bandwidth", 450e9),
        ("peak.matrix=2x", "peak.matrix.int8", 1248e12),
        ("cores.clock=1 GHz", "cores.clock", 1e9),
    ],
)
def test_changes(change: str, path: str, expected: float) -> None:
    assert value(apply_overrides(A100, [change]), path) == pytest.approx(expected, rel=1e-12)


def test_no_change_gives_the_same_accelerator() -> None:
    assert apply_overrides(A100, []) is A100


def test_result_says_what_it_is() -> None:
    changed = apply_overrides(apply_overrides(A100, ["memory.dram.bandwidth=2x"]), ["power.board=300 W"])
    assert changed.hypothetical
    assert changed.name == "A100-SXM4-80GB (memory.dram.bandwidth=2x) (power.board=300 W)"
    assert changed.based_on == "A100-SXM4-80GB"
    assert changed.sources[-2:] == (
        "changed by hand: memory.dram.bandwidth=2x",
        "changed by hand: power.board=300 W",
    )
    assert changed.aliases == ()


def test_more_cores_bring_their_arithmetic_and_nothing_shared() -> None:
    changed = apply_overrides(A100, ["cores.count=2x"])
    assert changed.peak.matrix["bf16"] == 2 * A100.peak.matrix["bf16"]
    assert changed.peak.vector["fp32"] == 2 * A100.peak.vector["fp32"]
    assert changed.peak.special["fp32"] == 2 * A100.peak.special["fp32"]
    assert changed.memory == A100.memory


def test_clock_moves_the_cores_and_on_chip_memory() -> None:
    changed = apply_overrides(H100, ["cores.clock=0.5x"])
    assert changed.peak.matrix["bf16"] == pytest.approx(0.5 * 989.4e12)
    assert changed.cores.matrix_clock == pytest.approx(0.5 * 1830e6)
    before, after = H100.memory, changed.memory
    assert before.shared is not None
    assert after.shared is not None
    assert before.l2 is not None
    assert after.l2 is not None
    assert after.shared.bandwidth == pytest.approx(64 * 1.98e9)
    assert after.l2.bandwidth == pytest.approx(0.5 * (before.l2.bandwidth or 0))
    assert after.l2.latency == pytest.approx(2 * (before.l2.latency or 0))
    assert after.dram == before.dram
    assert changed.links == H100.links


def test_matrix_clock_moves_matrix_peaks_only() -> None:
    changed = apply_overrides(H100, ["cores.matrix_clock=2x"])
    assert changed.peak.matrix["fp8"] == 2 * H100.peak.matrix["fp8"]
    assert changed.peak.vector == H100.peak.vector


def test_both_clocks_count_once() -> None:
    changed = apply_overrides(H100, ["cores.clock=2x", "cores.matrix_clock=3x"])
    assert changed.peak.matrix["bf16"] == pytest.approx(3 * 989.4e12)
    assert changed.peak.vector["fp32"] == pytest.approx(2 * 66.9e12)


def test_measured_bandwidth_goes_along() -> None:
    changed = apply_overrides(A100, ["memory.dram.bandwidth=2x"])
    assert changed.memory.dram.measured_bandwidth == pytest.approx(2 * 1.732e12)


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_set_does_not_follow(order: int) -> None:
    changes = ["cores.count=2x", "peak.matrix.bf16=400 TFLOP/s"][::order]
    changed = apply_overrides(A100, changes)
    assert changed.peak.matrix["bf16"] == 400e12
    assert changed.peak.matrix["fp16"] == 624e12


def test_an_absent_level_can_be_added() -> None:
    changed = apply_overrides(A100, ["memory.llc.capacity=256 MiB", "memory.llc.bandwidth=10 TB/s"])
    assert changed.memory.llc is not None
    assert changed.memory.llc.bandwidth == 10e12


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["memory.dram.bandwith=2x"], "memory.dram.bandwith: unknown path; did you mean 'memory.dram.bandwidth'"),
        (["name=X"], "name: unknown path; valid are paths such as memory.dram.bandwidth"),
        (["memory.dram=2x"], "memory.dram: unknown path"),
        (["links.ici.bandwidth=1 GB/s"], "links.ici.bandwidth: unknown path"),
        (["memory.dram.bandwidth"], "is not 'path=value'; write it as 'memory.dram.bandwidth=2x'"),
        (["=2x"], "is not 'path=value'"),
        (["memory.dram.bandwidth="], "is not 'path=value'"),
        (["memory.dram.bandwidth=2"], "memory.dram.bandwidth: '2' has no unit; write it as '2.039 TB/s' or '2x'"),
        (["memory.dram.bandwidth=2 GB"], "'2 GB' is not a quantity in B/s"),
        (["memory.dram.bandwidth=0x"], "memory.dram.bandwidth: '0x' gives 0; give a positive value"),
        (["memory.dram.bandwidth=-3 TB/s"], "'-3 TB/s' gives -9.61e+11; give a positive value"),
        (["memory.dram.bandwidth=-2x"], "'-2x' is no factor: give a positive one, as '2x' or '0.5x'"),
        (["memory.dram.bandwidth=1e999x"], "gives inf; give a positive value"),
        (["cores.count=1.13x"], "cores.count: 1.13x gives 122.04; give a whole number"),
        (["cores.count=1e999x"], "cores.count: 1e999x gives inf; give a whole number"),
        (["cores.count=" + "9" * 5000], "is no count"),
        (["cores.count=many"], "cores.count: 'many' is no count; write it as '132' or '2x'"),
        (["cores.count=0"], "cores.count: '0' gives 0; give a positive value"),
        (["peak.matrix.fp8=2x"], "peak.matrix.fp8: no value to multiply; set it as '312 TFLOP/s'"),
        (["peak.matrix.fp8=+1 TFLOP/s"], "peak.matrix.fp8: no value to add to"),
        (["peak.matrix=1 PFLOP/s"], "peak.matrix: '1 PFLOP/s' is no factor; write '2x' or name a format"),
        (["power.board=1 W", "power.board=2 W"], "sets power.board a second time; give each path once"),
        (["peak.matrix=2x", "peak.matrix.bf16=3x"], "sets peak.matrix.bf16 a second time"),
        (["memory.llc.bandwidth=1 TB/s"], "memory.llc.capacity: missing"),
        (["power.board=300 W", "cores.clock=2 GB"], "cores.clock: '2 GB' is not a quantity in Hz"),
    ],
)
def test_refusals_are_one_line_and_change_nothing(changes: list[str], message: str) -> None:
    before = A100.model_dump()
    with pytest.raises(SpecError) as caught:
        apply_overrides(A100, changes)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert A100.model_dump() == before


QUANTITIES = sorted(path for path, unit in changeable_paths(A100).items() if unit and value(A100, path))


@given(st.sampled_from(QUANTITIES), st.floats(min_value=0.1, max_value=10.0))
def test_a_factor_and_its_inverse_cancel(path: str, factor: float) -> None:
    there = apply_overrides(A100, [f"{path}={factor!r}x"])
    back = apply_overrides(there, [f"{path}={1 / factor!r}x"])
    for other in QUANTITIES:
        assert value(back, other) == pytest.approx(value(A100, other), rel=1e-9)


@given(st.integers(min_value=109, max_value=10_000))
def test_more_cores_are_never_slower_one_by_one(count: int) -> None:
    changed = apply_overrides(A100, [f"cores.count={count}"])
    for name, rate in A100.peak.matrix.items():
        assert changed.peak.matrix[name] / count == pytest.approx(rate / 108)


@given(st.permutations(["cores.count=2x", "cores.clock=1.5x", "memory.l2.bandwidth=9 TB/s", "power.board=1 kW"]))
def test_order_does_not_matter(changes: list[str]) -> None:
    first = apply_overrides(A100, sorted(changes))
    second = apply_overrides(A100, changes)
    for path in QUANTITIES:
        assert value(first, path) == pytest.approx(value(second, path))


def test_numbers_that_changes_give_are_without_those_that_follow():
    numbers = changed_numbers(A100, ["memory.dram.bandwidth=2x", "peak.vector=1.5x"])
    rates = {f"peak.vector.{name}": 1.5 * rate for name, rate in A100.peak.vector.items()}
    assert numbers == {"memory.dram.bandwidth": 2 * 2.039e12, **rates}


def test_many_values_take_along_what_follows_as_one_does():
    present, clocks = present_numbers(A100), np.array([1e9, 2e9])
    moved = with_followers(present, {"cores.clock": clocks, "peak.matrix.bf16": np.array([1e14, 2e14])})
    for at, clock in enumerate(("1e9 Hz", "2e9 Hz")):
        one = apply_overrides(A100, [f"cores.clock={clock}", f"peak.matrix.bf16={at + 1}e14 FLOP/s"])
        assert moved["memory.l2.bandwidth"][at] == pytest.approx(one.memory.l2.bandwidth, rel=1e-15)
        assert moved["peak.matrix.bf16"][at] == one.peak.matrix["bf16"]
        assert moved["memory.dram.bandwidth"] == A100.memory.dram.bandwidth


@given(st.floats(1e-12, 1e18))
def test_a_number_is_written_so_that_it_is_read_as_it_is(number):
    units = changeable_paths(A100)
    for path in ("memory.dram.bandwidth", "memory.dram.latency", "cores.clock_headroom"):
        assert changed_numbers(A100, [change_text(path, number, units[path])]) == {path: number}
    assert change_text("cores.count", 132.0, units["cores.count"]) == "cores.count=132"
