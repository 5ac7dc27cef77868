"""What of a parameter follows the part that inherits it, by hand."""

import pytest

from hw_specs import Calibration, CalibrationPool, apply_overrides, load_accelerator
from simulator.cost import hardware_columns
from simulator.cost.inheritance import REFERENCE, Origin, accelerator_origin, carried, origin_of


def _origin(copy_share=None):
    return Origin(copy_share=copy_share)


def test_shares_of_dram_go_with_what_a_copy_reaches():
    values = {"stream.dram": 0.8, "stream.strided": 0.7, "stream.element": 0.6}
    own = carried(values, "stream", here=_origin(copy_share=0.75), there=_origin(copy_share=0.9))
    assert own == {"stream.dram": pytest.approx(2 / 3), "stream.strided": pytest.approx(7 / 12), "stream.element": 0.6}
    products = {"matmul.dram": 0.8}
    assert carried(products, "matmul", here=_origin(copy_share=0.75), there=_origin(copy_share=0.9)) == products


def test_what_nobody_published_carries_nothing():
    values = {"stream.dram": 0.8}
    assert carried(values, "stream", here=_origin(), there=_origin(copy_share=0.9)) == values


def test_a_part_is_its_memory():
    t4 = accelerator_origin(load_accelerator("t4"))
    # 235 of 320 GB/s, of which check bits leave 0.85.
    assert t4.copy_share == pytest.approx(235 / 320 / 0.85, abs=0.002)
    assert accelerator_origin(load_accelerator("rtx_3090")).copy_share is None


def test_parameters_describe_the_first_part_that_was_measured():
    entry = Calibration(name="turing", architecture="turing", groups={"stream": ("T4",)}, parameters={}, sources=("s",))
    assert origin_of(entry, "stream") == accelerator_origin(load_accelerator("t4"))
    assert origin_of(entry, "softmax") == _origin()
    assert origin_of(entry.model_copy(update={"scope": "generic"}), "stream") == REFERENCE


def test_parameters_describe_a_part_that_was_measured_with_others():
    both = {"stream": ("V100-PCIe-32GB", "T4")}
    entry = Calibration(name="old", architecture="turing", groups=both, parameters={}, sources=("s",))
    t4 = load_accelerator("t4")
    changed = t4.model_copy(update={"name": "mine", "hypothetical": True, "based_on": "T4"})
    assert origin_of(entry, "stream", t4) == origin_of(entry, "stream", changed) == accelerator_origin(t4)
    assert origin_of(entry, "stream", load_accelerator("l4")) == origin_of(entry, "stream")


def test_columns_hold_what_a_part_inherits():
    entry = Calibration(
        name="volta",
        architecture="volta",
        accelerators=("V100-PCIe-32GB",),
        groups={"stream": ("V100-PCIe-32GB",)},
        parameters={"stream.dram": 0.9},
        sources=("s",),
    )
    parts = [load_accelerator(name) for name in ("v100_pcie_32gb", "t4")]
    shares = hardware_columns(parts, CalibrationPool.of(entry)).parameter("stream.dram")
    v100, t4 = (accelerator_origin(part).copy_share for part in parts)
    assert shares == pytest.approx([0.9, 0.9 * t4 / v100])


def test_accesses_that_wait_for_one_another_make_the_shortest_duration_longer():
    """211 and 533 cycles at 1.41 GHz: a product waits for the DRAM, softmax for the cache, layer norm twice for it."""
    part = load_accelerator("a100")
    there = accelerator_origin(part)
    for change, group, waited in (
        ("memory.dram.latency=2x", "matmul", 533 / 1.41e9),
        ("memory.dram.latency=2x", "softmax", 0.0),
        ("memory.l2.latency=2x", "softmax", 211 / 1.41e9),
        ("memory.l2.latency=2x", "normalization", 2 * 211 / 1.41e9),
        ("memory.l2.latency=2x", "matmul", 0.0),
    ):
        here = accelerator_origin(apply_overrides(part, [change]))
        own = carried({f"{group}.floor": 3e-6}, group, here=here, there=there)
        assert own == {f"{group}.floor": pytest.approx(3e-6 + waited)}, (change, group)


def test_a_latency_that_nobody_published_takes_the_place_of_a_usual_one():
    part = load_accelerator("l4")
    here = accelerator_origin(apply_overrides(part, ["memory.dram.latency=450 ns"]))
    own = carried({"matmul.floor": 2e-6}, "matmul", here=here, there=accelerator_origin(part))
    assert own == {"matmul.floor": pytest.approx(2.1e-6)}


def test_products_differ_in_latency_without_consequence():
    values = {"matmul.floor": 2e-6, "softmax.floor": 2e-6}
    here, there = (accelerator_origin(load_accelerator(name)) for name in ("b200", "gb200"))
    assert carried(values, None, here=here, there=there) == values


def test_what_is_of_the_host_stays_with_it():
    values = {"collective.contention": 4.0, "collective.link": 0.6}
    own = carried(values, "collective", here=_origin(), there=_origin())
    assert own == {"collective.contention": 0.02, "collective.link": 0.6}
    # The same card in the same host, with other values.
    assert carried(values, "collective", here=Origin(copy_share=None, changed=True), there=_origin()) == values


def test_cards_of_one_generation_are_in_hosts_of_their_own():
    names = ("l40s", "l20", "rtx_4090")
    hardware = hardware_columns([load_accelerator(name) for name in names], CalibrationPool.shipped())
    contention = {name: hardware.parameter("collective.contention")[at] for at, name in enumerate(names)}
    assert contention["l40s"] > 1.0
    assert contention["l20"] == contention["rtx_4090"] == 0.02
