import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_specs import SpecError, format_quantity, parse_quantity
from hw_specs.units.strings import SI_UNITS


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("2.039 TB/s", "B/s", 2.039e12),
        ("312 TFLOP/s", "FLOP/s", 312e12),
        ("624 TOP/s", "FLOP/s", 624e12),
        ("1410 MHz", "Hz", 1.41e9),
        ("192 KiB", "B", 196608.0),
        ("80GiB", "B", 85899345920.0),
        ("16 kB", "B", 16000.0),
        ("400 Gbit/s", "B/s", 50e9),
        ("400 W", "W", 400.0),
        ("1.5 us", "s", 1.5e-6),
        ("1.5 µs", "s", 1.5e-6),
        ("30 kJ", "J", 30e3),
        ("30 W", "W", 30.0),
        ("1 J/s", "W", 1.0),
        ("1e3 MB / s", "B/s", 1e9),
        ("-2 GB", "B", -2e9),
        (".5 TB/s", "B/s", 5e11),
        ("4 /s", "Hz", None),
    ],
)
def test_parse(text: str, unit: str, value: float | None) -> None:
    if value is None:
        with pytest.raises(SpecError):
            parse_quantity(text, unit=unit)
    else:
        assert parse_quantity(text, unit=unit) == value


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("5120 B/clk", "B/s", 5120 * 1.41e9),
        ("211 clk", "s", 211 / 1.41e9),
        ("1728 OP/clk", "FLOP/s", 1728 * 1.41e9),
        ("2 KiB/clk", "B/s", 2048 * 1.41e9),
    ],
)
def test_cycles_resolve_with_the_clock(text: str, unit: str, value: float) -> None:
    assert parse_quantity(text, unit=unit, clock=1.41e9) == pytest.approx(value, rel=1e-15)


def test_cycles_without_a_clock_are_refused() -> None:
    with pytest.raises(SpecError, match="'211 clk' counts clock cycles, and no clock is known here"):
        parse_quantity("211 clk", unit="s")


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("312", "FLOP/s", "'312' has no unit; write it as '312 TFLOP/s'"),
        ("fast", "B/s", "'fast' is not a number with a unit; write it as '2.039 TB/s'"),
        ("", "B/s", "'' is not a number with a unit"),
        ("2 GB", "B/s", "'2 GB' is not a quantity in B/s; write it as '2.039 TB/s'"),
        ("2 GB/s", "B", "'2 GB/s' is not a quantity in B; write it as '80 GiB'"),
        ("1 GHz", "s", "'1 GHz' is not a quantity in s"),
        ("1e999 B", "B", "'1e999 B' is not finite"),
        ("1e999999999 B", "B", "unit 'e999999999 B' is unknown"),
        ("9" * 5000 + " B", "B", "is not a number with a unit"),
        ("nan B", "B", "'nan B' is not a number with a unit"),
        ("inf W", "W", "'inf W' is not a number with a unit"),
        ("312 TFLOPS", "FLOP/s", "unit 'TFLOPS' is unknown; perhaps 'TFLOP/s' is meant; write it as '312 TFLOP/s'"),
        ("900 Gbps", "B/s", "unit 'Gbps' is unknown; perhaps 'GB/s or Gbit/s' is meant"),
        ("64 KB", "B", "unit 'KB' is unknown; write kB for 1000 bytes or KiB for 1024"),
        ("3 parsec", "B", "unit 'parsec' is unknown; known are FLOP, OP, B"),
        ("3 XB", "B", "unit 'XB' is unknown"),
        ("3 B/s/s", "B/s", "is not a quantity in B/s"),
        ("2/0", "1", "'2/0' is no number; write it as '0.75' or '2/3'"),
        ("1 B", "1", "'1 B' is no number"),
    ],
)
def test_refusals_say_what_would_be_valid(text: str, unit: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_quantity(text, unit=unit)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.floats(min_value=1e-9, max_value=1e18), st.sampled_from(sorted(SI_UNITS)))
def test_format_and_parse_are_inverse(value: float, unit: str) -> None:
    text = format_quantity(value, unit, digits=17)
    assert parse_quantity(text, unit=unit) == pytest.approx(value, rel=1e-14)


@given(st.decimals(min_value=1, max_value=9999, places=3), st.sampled_from(["k", "M", "G", "T", "P"]))
def test_decimal_prefixes_are_exact(number: object, prefix: str) -> None:
    power = {"k": 3, "M": 6, "G": 9, "T": 12, "P": 15}[prefix]
    assert parse_quantity(f"{number} {prefix}B", unit="B") == float(f"{number}e{power}")


@pytest.fixture(scope="module")
def registry() -> Any:
    return pytest.importorskip("pint", reason="pint is not installed").UnitRegistry()


@pytest.mark.parametrize(
    ("expression", "unit"),
    [
        ("GB/s", "B/s"),
        ("PB/s", "B/s"),
        ("Gbit/s", "B/s"),
        ("TB", "B"),
        ("KiB", "B"),
        ("MiB", "B"),
        ("GHz", "Hz"),
        ("us", "s"),
        ("ns", "s"),
        ("kW", "W"),
        ("mJ", "J"),
    ],
)
def test_units_agree_with_pint(expression: str, unit: str, registry: Any) -> None:
    expected = registry.Quantity(7.0, expression.replace("B", "byte")).to(unit.replace("B", "byte"))
    assert parse_quantity(f"7 {expression}", unit=unit) == pytest.approx(expected.magnitude, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.039e12, "B/s", "2.039 TB/s"),
        (85899345920.0, "B", "80 GiB"),
        (80e9, "B", "80 GB"),
        (5632 * 1024, "B", "5.5 MiB"),
        (1.496e-7, "s", "149.6 ns"),
        (312e12, "FLOP/s", "312 TFLOP/s"),
        (2.5e15, "FLOP/s", "2.5 PFLOP/s"),
        (70.0, "W", "70 W"),
        (5e-12, "s", "0.005 ns"),
    ],
)
def test_readable(value: float, unit: str, text: str) -> None:
    assert format_quantity(value, unit) == text


def test_zero_is_readable() -> None:
    assert not math.isnan(float(format_quantity(0.0, "W").split()[0]))
