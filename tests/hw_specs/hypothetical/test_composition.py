"""Parts made from others: factors as ``--set`` takes them, and groups of another part."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw_specs import SpecError, apply_overrides, load_accelerator
from hw_specs.hypothetical.composition import is_composed
from hw_specs.overrides import present_numbers


@pytest.fixture
def part(tmp_path: Path):
    """Function that writes a part which extends an H100 and loads it."""

    def load(text: str, name: str = "mine.yaml"):
        (tmp_path / name).write_text(f"name: Mine\nextends: h100\nsources: [me]\n{text}\n")
        return load_accelerator(str(tmp_path / name))

    return load


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("memory: {dram: {bandwidth: 2x}}", "memory.dram.bandwidth=2x"),
        ("cores: {clock: 1.1x}", "cores.clock=1.1x"),
        ("cores: {count: 0.5x}", "cores.count=0.5x"),
        ("peak: {matrix: 1.3x}", "peak.matrix=1.3x"),
        ("memory: {l2: {capacity: +20 MiB}}", "memory.l2.capacity=+20 MiB"),
    ],
)
def test_a_factor_is_that_of_a_change(part, text: str, change: str) -> None:
    mine, changed = part(text), apply_overrides(load_accelerator("h100"), [change])
    assert present_numbers(mine) == pytest.approx(present_numbers(changed), rel=1e-12)
    assert mine.hypothetical
    assert mine.product.name == "H100-SXM5-80GB"


def test_what_the_file_states_follows_nothing(part) -> None:
    mine = part("cores: {count: 2x}\npeak: {matrix: {fp16: 1 PFLOP/s}}")
    assert mine.peak.matrix["fp16"] == 1e15
    assert mine.peak.matrix["bf16"] == 2 * 989.4e12


def test_factors_go_on_from_file_to_file(part, tmp_path) -> None:
    part("memory: {dram: {bandwidth: 2x}}", "first.yaml")
    (tmp_path / "second.yaml").write_text(
        "name: Second\nextends: first.yaml\nsources: [me]\nmemory: {dram: {bandwidth: 1.5x}}\n"
    )
    assert load_accelerator(str(tmp_path / "second.yaml")).memory.dram.bandwidth == pytest.approx(3 * 3.35e12)


def test_a_group_of_another_part_takes_the_place_of_the_inherited_one(part) -> None:
    mine, b200, h100 = part("memory: {dram: {from: b200, capacity: 96 GiB}}"), *map(load_accelerator, ("b200", "h100"))
    assert mine.memory.dram.bandwidth == b200.memory.dram.bandwidth
    assert mine.memory.dram.measured_bandwidth == b200.memory.dram.measured_bandwidth
    assert mine.memory.dram.latency == pytest.approx(b200.memory.dram.latency)  # cycles of its own clock
    assert mine.memory.dram.capacity == 96 * 2**30
    assert mine.memory.l2 == h100.memory.l2
    assert part("memory: {from: b200}").memory.l2.bandwidth is None


def test_a_new_format_and_a_new_level_need_no_factor(part) -> None:
    mine = part("peak: {matrix: {fp4: 4 PFLOP/s}}\nmemory: {llc: {capacity: 200 MiB, bandwidth: 8 TB/s}}")
    assert mine.peak.matrix["fp4"] == 4e15
    assert mine.memory.llc.capacity == 200 * 2**20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("memory: {from: nix}", "from: no accelerator 'nix'"),
        ("memory: {llc: {from: b200}}", "memory.llc.from: b200 has no memory.llc; leave it out"),
        ("memory: {dram: {from: [b200]}}", "memory.dram.from: ['b200'] is no name"),
        ("cores: {count: 1.333x}", "cores.count: 1.333x gives 175.956; give a whole number"),
        ("memory: {dram: {bandwidth: 0x}}", "memory.dram.bandwidth: '0x' gives 0; give a positive value"),
        ("memory: {dram: {from: mine.yaml}}", "extends: goes in a circle"),
    ],
)
def test_refusals(part, text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        part(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_plain_files_are_not_composed() -> None:
    assert not is_composed({"name": "2x", "memory": {"dram": {"bandwidth": "3 TB/s"}}})
    assert is_composed({"memory": {"dram": {"bandwidth": "2x"}}})
    assert is_composed({"memory": {"from": "b200"}})


def test_the_part_of_the_guide_is_one_whose_numbers_fit_together(tmp_path: Path) -> None:
    from hw_specs import price_of
    from hw_specs.listing.plausibility import implausibilities

    guide = Path(__file__).parents[3] / "docs" / "guide.md"
    (text,) = (
        block for block in guide.read_text(encoding="utf-8").split("```yaml\n") if block.startswith("name: H100-next")
    )
    (tmp_path / "next.yaml").write_text(text.partition("```")[0])
    part = load_accelerator(str(tmp_path / "next.yaml"))
    assert implausibilities(part, rounded=False) == []
    assert price_of(part) == 2000 + 12 * 180 + 40 * 198
