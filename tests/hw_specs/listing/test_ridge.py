import pytest

from hw_specs import apply_overrides, load_accelerator
from hw_specs.listing.ridge import ridge_points


def test_by_hand() -> None:
    ridge = ridge_points(load_accelerator("a100"))
    assert ridge["bf16"] == pytest.approx(312 / 2.039)
    assert ridge["fp32"] == pytest.approx(19.5 / 2.039)  # no fp32 matrix units
    assert "fp8" not in ridge


def test_more_bandwidth_lowers_the_ridge() -> None:
    a100 = load_accelerator("a100")
    faster = apply_overrides(a100, ["memory.dram.bandwidth=2x"])
    assert ridge_points(faster)["bf16"] == pytest.approx(ridge_points(a100)["bf16"] / 2)
