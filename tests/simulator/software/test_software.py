"""The noun itself."""

from __future__ import annotations

import pytest

from simulator.software import FusedChoice, load_software


@pytest.mark.parametrize(
    ("isa", "targets", "suits"),
    [((), ("sm_75",), True), (("sm_90", "sm_100"), ("sm_90",), True), (("sm_90",), ("sm_80",), False)],
)
def test_a_choice_holds_on_its_targets(isa: tuple[str, ...], targets: tuple[str, ...], suits: bool) -> None:
    assert FusedChoice(kernel="cudnn", isa=isa).suits(targets) is suits


@pytest.mark.parametrize(
    ("name", "kernels", "width"),
    [
        ("torch-1.13", (), 1024),
        ("torch-2.6", ("flash2", "efficient"), 1024),
        ("torch-2.7", ("flash2", "efficient"), 2048),
        ("torch-2.13", ("cudnn", "cudnn", "flash2", "efficient"), 2048),
    ],
)
def test_what_a_release_decides(name: str, kernels: tuple[str, ...], width: int) -> None:
    software = load_software(name)
    assert tuple(choice.kernel for choice in software.attention) == kernels
    assert software.softmax_in_registers == width
