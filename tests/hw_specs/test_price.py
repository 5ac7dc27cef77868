"""What a part costs, by hand arithmetic."""

from __future__ import annotations

import pytest

from hw_specs import SpecError, apply_overrides, load_accelerator, price_of
from hw_specs.price import price_terms

_HEAD = "name: Mine\nextends: a100\nsources: [me]\nprice:\n"


@pytest.fixture
def priced(tmp_path):
    """Function that writes an A100 (80 GiB, 108 cores, 2.039 TB/s) with a price and loads it."""

    def load(*lines: str):
        (tmp_path / "mine.yaml").write_text(_HEAD + "".join(f"  {line}\n" for line in lines))
        return load_accelerator(str(tmp_path / "mine.yaml"))

    return load


def test_no_accelerator_that_ships_has_one() -> None:
    assert price_of(load_accelerator("a100")) is None
    assert price_terms(load_accelerator("a100")) == {}


def test_base_and_amounts_add_up(priced) -> None:
    part = priced(
        "base: 2000",
        "per: {memory.dram.capacity: 12 per GiB, memory.dram.bandwidth: 1e3 per TB/s, cores.count: 4}",
    )
    assert price_of(part) == pytest.approx(2000 + 12 * 80 + 2039 + 4 * 108)
    assert price_terms(part)["memory.dram.capacity"] == 12 / 2**30


def test_it_goes_with_changes_of_the_fields(priced) -> None:
    part = priced("per: {memory.dram.capacity: 12 per GiB, memory.dram.latency: -1 per us}")
    assert price_of(apply_overrides(part, ["memory.dram.capacity=2x"])) == pytest.approx(price_of(part) + 12 * 80)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("per: {memory.dram.capacty: 12 per GiB}", "did you mean 'memory.dram.capacity'"),
        ("per: {memory.llc.capacity: 12 per MiB}", "memory.llc.capacity: there is no value"),
        ("per: {memory.dram.capacity: 12}", "write it as '12 per GiB'"),
        ("per: {memory.dram.capacity: 12 per TB/s}", "is not a quantity in B"),
        ("per: {cores.count: 12 per core}", "write it as '40'"),
        ("per: {cores.count: __import__('os')}", "write it as '40'"),
        ("cost: 3", "valid are currency, base, per"),
    ],
)
def test_refusals(priced, line, message) -> None:
    with pytest.raises(SpecError, match="price") as caught:
        priced(line)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
