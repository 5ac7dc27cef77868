import numpy as np
import pytest

pytest.importorskip("numba")

from simulator.recording import Recorded, Recording
from simulator.recording.program import BLOCK, Program


def _columns(recording, *names):
    return [Recorded.of([recording.step("input", detail=name)]) for name in names]


def _formula(a, b):
    rows = np.array([[1.0], [2.5], [40.0]])
    filled = np.ceil(rows * a / b) + np.floor(b) * rows
    joined = np.where(filled > a, filled**2.5, np.minimum(a, rows))
    return np.clip(joined, 0.5, 1e6) - np.expm1(-rows / b) / np.maximum(a, 2.0)


def _cells(values):
    return np.asarray(values, dtype=object)[:, 0].tolist()


@pytest.mark.parametrize("count", [1, BLOCK, 2 * BLOCK + 3])
def test_a_program_gives_what_numpy_does(count):
    recording = Recording()
    program = Program.of(recording, _cells(_formula(*_columns(recording, "a", "b"))), {})
    generator = np.random.default_rng(count)
    a, b = generator.uniform(0.1, 9.0, (2, count))
    assert program.run({"a": a, "b": b}, count) == pytest.approx(_formula(a, b), rel=1e-14)


def test_results_do_not_depend_on_what_is_beside_them():
    recording = Recording()
    program = Program.of(recording, _cells(_formula(*_columns(recording, "a", "b"))), {})
    a, b = np.random.default_rng(1).uniform(0.1, 9.0, (2, 300))
    every, one = program.run({"a": a, "b": b}, 300), program.run({"a": a[200:201], "b": b[200:201]}, 1)
    assert (every[:, 200:201] == one).all()


def test_registers_are_used_again():
    recording = Recording()
    (total,) = _columns(recording, "a")
    for step in range(1, 200):
        total = total * (1.0 + 1.0 / step)
    program = Program.of(recording, list(total), {})
    assert program.num_registers < 5
    assert program.run({"a": np.array([3.0])}, 1) == pytest.approx(3.0 * 200.0)


def test_whole_functions_come_between_steps():
    recording = Recording()
    (a,) = _columns(recording, "a")
    calls = [recording.step("call", *(a + 1.0), 7.0, detail=("sum", at)) for at in (10.0, 20.0)]
    results = [recording.step("output", call, detail="total") for call in calls]
    doubled = Recorded.of(results) * 2.0

    def summed(details):
        own = np.array([at for _, at in details])[:, None]
        return lambda registers, given: {"total": registers[given].sum(axis=1) + own}

    program = Program.of(recording, list(doubled), {"sum": summed})
    assert program.run({"a": np.array([1.0, 2.0])}, 2).tolist() == [[38.0, 40.0], [58.0, 60.0]]


def test_a_result_may_be_a_number():
    recording = Recording()
    assert Program.of(recording, [4.0], {}).run({}, 2).tolist() == [[4.0, 4.0]]
