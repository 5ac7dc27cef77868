"""Every family of the folder: its grids, its runners, and the kernels that its cases become."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import validation.machine.sweeps  # noqa: E402
from tracer.graph import Op  # noqa: E402
from validation.machine.sweeps import FAMILIES, CaseNotRunnableError, KernelCase, case_of, cases_of, prepare  # noqa: E402
from validation.machine.sweeps.lowered import case_kernels  # noqa: E402

CPU = torch.device("cpu")
_SHARED = {"__init__", "case", "catalogue", "lowered", "plan"}


def _sample(family: str) -> list[KernelCase]:
    """One case of each operator and set of attributes of the full grid, and every seventieth."""
    cases = cases_of(family, "full")
    kinds = {(c.op, tuple(name for name, _ in c.attributes), c.dtype): c for c in cases}
    return list(dict.fromkeys((*kinds.values(), *cases[::70])))


def test_every_file_is_a_family() -> None:
    folder = Path(validation.machine.sweeps.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - _SHARED == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_tiny_cases_run(family: str) -> None:
    for case in cases_of(family, "tiny"):
        result = prepare(case, CPU, torch.Generator().manual_seed(0))()
        assert isinstance(result, torch.Tensor)
        assert torch.isfinite(result).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_grids_grow_with_the_level_and_have_no_repetition(family: str) -> None:
    counts = [len(cases_of(family, level)) for level in ("tiny", "probe", "full")]
    assert 0 < counts[0] < counts[1] < counts[2]


@pytest.mark.parametrize("family", FAMILIES)
def test_cases_of_the_full_grid_can_be_called_and_become_kernels(family: str) -> None:
    for case in _sample(family):
        kernels = case_kernels(case)
        assert kernels, case
        assert all(k.bytes_read >= 0 and k.bytes_written > 0 for k in kernels)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_operator_of_a_grid_has_a_runner(family: str) -> None:
    runners = FAMILIES[family].RUNNERS
    assert {case.op for level in ("tiny", "probe", "full") for case in cases_of(family, level)} <= set(runners)


def test_no_operator_has_two_runners() -> None:
    names = [name for family in FAMILIES.values() for name in family.RUNNERS]
    assert len(names) == len(set(names))


def test_an_operator_without_a_runner_is_refused() -> None:
    case = KernelCase(op="aten::fft", input_shapes=((4,),), dtype="float32")
    with pytest.raises(CaseNotRunnableError, match="aten::fft has no runner"):
        prepare(case, CPU, torch.Generator())


def test_an_operator_of_no_family_has_no_case() -> None:
    assert case_of(Op("aten::fft", (), ())) is None
