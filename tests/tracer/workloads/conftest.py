"""Fixtures of the workload tests."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from tracer.workloads.pipeline import StageSpec


@dataclass(frozen=True)
class Measurement:
    """What torch's own counter finds in one run of a stage."""

    flops: int
    flops_by_module: Mapping[str, int]
    output: object

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the first tensor of the output."""
        output = self.output
        while not hasattr(output, "shape"):
            output = output[0]
        return tuple(output.shape)


@pytest.fixture(scope="session")
def measure() -> Callable[..., Measurement]:
    """Function that runs a stage under torch's FlopCounterMode."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import FlopCounterMode

    from tracer.capture.meta_results import MetaResults

    class Kept(TorchDispatchMode):
        """Results on meta tensors that an equal call gave, in half of the time; the counter sees every call."""

        results = MetaResults()

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            return self.results.call(func, args, kwargs or {})

    # Tests ask for the shape of a stage's output and then for its work.
    @functools.lru_cache(maxsize=16)
    def measured(stage: StageSpec, repeat: int = 0) -> Measurement:
        with torch.no_grad(), Kept(), FlopCounterMode(display=False) as counter:
            output = stage.run(stage.module, repeat)
        by_module = {name: sum(counts.values()) for name, counts in counter.get_flop_counts().items()}
        return Measurement(counter.get_total_flops(), by_module, output)

    return measured


@pytest.fixture(scope="session")
def parameter_count() -> Callable[[StageSpec], int]:
    """Function that counts the parameters of a stage's module."""

    def count(stage: StageSpec) -> int:
        return sum(parameter.numel() for parameter in stage.module.parameters())

    return count
