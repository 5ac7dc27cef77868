from __future__ import annotations

from collections.abc import Callable

import pytest

from hw_specs import list_accelerators, load_accelerator
from hw_specs.inheritance.process import clock_under_load, matrix_energy_ratio, overvoltage, vector_energy_ratio


@pytest.mark.parametrize(
    ("process", "ratio"),
    [
        ("TSMC 12nm FFN", 3.2),
        ("TSMC 7nm N7", 1.0),
        ("TSMC N7", 1.0),
        ("TSMC 4N", 0.95),
        ("TSMC 4NP", 0.95),
        ("Samsung 8nm", 2.2),
        ("TSMC N3E", 0.85),
        ("TSMC 16nm FinFET+", 4.3),
        ("Intel 7", None),
        ("", None),
        (None, None),
    ],
)
def test_ratio_of_a_process(process: str | None, ratio: float | None) -> None:
    assert matrix_energy_ratio(process) == ratio


@pytest.mark.parametrize("ratio", [matrix_energy_ratio, vector_energy_ratio])
def test_finer_processes_never_need_more_energy(ratio: Callable[[str | None], float | None]) -> None:
    ratios = [ratio(f"{node}nm") or 0.0 for node in (16, 12, 8, 7, 6, 5, 4, 3)]
    assert ratios == sorted(ratios, reverse=True)
    assert ratio("Intel 7") is None


def test_vector_arithmetic_gains_less_from_12_to_7_nm_than_matrix_arithmetic() -> None:
    assert vector_energy_ratio("TSMC 12nm FFN") == 1.35
    assert vector_energy_ratio("TSMC 4N") == 0.55


def test_every_process_of_the_catalogue_is_understood_or_intel() -> None:
    unknown = {
        load_accelerator(name).process
        for name in list_accelerators()
        if matrix_energy_ratio(load_accelerator(name).process) is None
    }
    assert all(process is None or "Intel" in process for process in unknown)


def test_energy_rises_with_the_square_of_the_clock_beyond_the_least_voltage() -> None:
    assert overvoltage(1e9) == overvoltage(1.5e9) == 1.0
    assert overvoltage(2.1e9) == pytest.approx(1.96)


@pytest.mark.parametrize(
    ("power", "clock"),
    [
        (100.0, 1e9),  # 1 pJ at 100 TFLOP/s and 1 GHz
        (150.0, 1.5e9),
        (150.0 * (4 / 3) ** 3, 2e9),  # clock times its square
        (1e4, 2.5e9),  # not limited
    ],
)
def test_clock_under_load_spends_the_limit(power: float, clock: float) -> None:
    found = clock_under_load(boost=2.5e9, rate=250e12, power=power, energy=1e-12)
    assert found == pytest.approx(clock)
    if clock < 2.5e9:
        assert found * 1e5 * 1e-12 * overvoltage(found) == pytest.approx(power)
