"""Module names in a profile."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from tracer.capture.annotate import module_annotations  # noqa: E402


def _annotations(root: Any, run: Any) -> list[str]:
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        with module_annotations(root, "unet"):
            run()
        run()
    return [e.name for e in profiler.events() if e.name.startswith("module:")]


def test_modules_are_named_by_their_path_while_the_block_runs() -> None:
    root = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.SiLU()))
    names = _annotations(root, lambda: root(torch.ones(1, 2)))
    assert sorted(names) == ["module:unet", "module:unet.0", "module:unet.1", "module:unet.1.0"]


def test_a_failing_module_is_left() -> None:
    class _Fails(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise ValueError("no")

    root = nn.Sequential(_Fails())

    def run() -> None:
        with pytest.raises(ValueError, match="no"):
            root(torch.ones(1))

    assert sorted(_annotations(root, run)) == ["module:unet", "module:unet.0"]


def test_a_function_has_no_modules() -> None:
    assert _annotations(torch.add, lambda: torch.add(torch.ones(1), 1)) == []
