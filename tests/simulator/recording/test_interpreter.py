import numpy as np
import pytest

pytest.importorskip("numba")

from simulator.recording.interpreter import OPERATIONS, carry_out
from simulator.recording.tape import BINARY, UNARY

_VALUES = np.array([-2.5, -1.0, 0.0, 0.3, 1.0, 7.0, np.inf, np.nan])


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name in BINARY])
@pytest.mark.parametrize("known", [0, 1, 2])
def test_functions_of_two_numbers_are_numpy_s(name, known):
    a, b = (each.ravel() for each in np.meshgrid(_VALUES, _VALUES))
    a, b = (np.full_like(a, 3.0) if known == 2 else a), (np.full_like(b, 3.0) if known == 1 else b)
    registers = np.stack([np.zeros_like(a), a, b])
    carry_out(np.array([[OPERATIONS.index(name), known, 0, 1, 2, 0]]), np.array([[3.0, 3.0]]), registers)
    with np.errstate(all="ignore"):
        expected = BINARY[name](a, b).astype(np.float64)
    assert registers[0] == pytest.approx(expected, rel=1e-15, nan_ok=True)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name in UNARY])
def test_functions_of_one_number_are_numpy_s(name):
    values = _VALUES[2:7] if name in ("sqrt", "log") else _VALUES[:7]
    registers = np.stack([np.zeros_like(values), values])
    carry_out(np.array([[OPERATIONS.index(name), 0, 0, 1, 1, 0]]), np.zeros((1, 2)), registers)
    with np.errstate(all="ignore"):
        assert registers[0] == pytest.approx(UNARY[name](values), rel=1e-15)


def test_one_of_two_by_a_condition():
    registers = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0], [1.0, 0.0]])
    carry_out(np.array([[OPERATIONS.index("where"), 0, 0, 1, 2, 3]]), np.zeros((1, 2)), registers)
    assert registers[0].tolist() == [1.0, 4.0]


def test_every_recorded_function_has_its_code():
    assert set(OPERATIONS) == {*BINARY, *UNARY, "where"}
