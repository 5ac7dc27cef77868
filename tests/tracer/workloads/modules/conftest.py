"""Fixtures of the tests of single modules."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def count_flops() -> Callable[..., int]:
    """Function that counts the FLOPs of one call with torch's FlopCounterMode."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    def counted(module: Callable[..., object], *inputs: object) -> int:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            module(*inputs)
        return int(counter.get_total_flops())

    return counted
