import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_specs import list_accelerators, load_accelerator
from hw_specs.inheritance.power_rules import dram_rule, idle_power, process_step, relative_voltage


@pytest.mark.parametrize(
    ("process", "step"),
    [
        ("TSMC N7", 1.0),
        ("TSMC 12nm FFN", 2.0),
        ("TSMC 16nm FinFET+", 2.5),
        ("Samsung 8nm", 1.35),
        ("TSMC 4N (5nm class)", 0.6),
        ("TSMC 4NP", 0.55),
        ("TSMC 5nm+6nm", 0.7),
        ("Intel 7 + TSMC N5", 0.7),
        ("TSMC N3P+N6", 0.43),
        ("TSMC N3B", 0.51),
        ("7nm", 1.0),
        ("N2", 0.33),
        ("GlobalFoundries 22FDX", None),
        (None, None),
    ],
)
def test_steps_between_processes(process: str | None, step: float | None) -> None:
    assert process_step(process) == step


def test_steps_are_those_that_foundries_state() -> None:
    n7, n5, n5p, n4p = (process_step(name) for name in ("TSMC N7", "TSMC N5", "TSMC N5P", "TSMC N4P"))
    assert n7 is not None
    assert n5 is not None
    assert n5p is not None
    assert n4p is not None
    assert process_step("TSMC 16nm FinFET+") == pytest.approx(n7 / (1 - 0.60))
    assert n5 == pytest.approx(n7 * (1 - 0.30))
    assert n5p == pytest.approx(n7 * (1 - 0.40))
    assert n4p == pytest.approx(n5 * (1 - 0.22), rel=0.01)


def test_every_stated_process_of_the_catalogue_is_known() -> None:
    stated = [a for a in map(load_accelerator, list_accelerators()) if a.process is not None]
    assert [a.name for a in stated if process_step(a.process) is None] == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a100", "hbm"),
        ("t4", "gddr"),
        ("rtx_4090", "gddr"),
        ("mi300x", "hbm"),
        ("tpu_v4", "hbm"),
        ("m1_max_32c", "ddr"),
        ("jetson_agx_orin_64gb", "ddr"),
        ("epyc_9654", "ddr"),
    ],
)
def test_kind_of_dram(name: str, kind: str) -> None:
    assert dram_rule(load_accelerator(name)).kind == kind


def test_pascal_has_both_kinds() -> None:
    assert dram_rule(load_accelerator("p100_pcie_16gb")).kind == "hbm"
    assert dram_rule(load_accelerator("gtx_1080_ti")).kind == "gddr"


def test_idle_power_is_the_datasheets_or_a_share_of_the_limit() -> None:
    assert idle_power(load_accelerator("tpu_v4")) == 90.0
    assert idle_power(load_accelerator("a100_sxm4_80gb")) == pytest.approx(0.165 * 400)
    assert idle_power(load_accelerator("t4")) == pytest.approx(0.35 * 70)
    assert idle_power(load_accelerator("m1_max_32c")) is None


def test_voltage_is_flat_below_half_of_the_boost_clock() -> None:
    assert relative_voltage(1.0) == 1.0
    assert relative_voltage(0.5) == pytest.approx(0.7)
    assert relative_voltage(0.2) == relative_voltage(0.4) == 0.7
    assert relative_voltage(0.8) == pytest.approx(0.88)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_power_grows_with_the_clock(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert low * relative_voltage(low) ** 2 <= high * relative_voltage(high) ** 2
