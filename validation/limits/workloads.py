"""Kernels of bundled workloads that have every family, as one table."""

from __future__ import annotations

from hw_specs.catalogue import load_file
from hw_specs.listing.names import accelerator_files
from simulator.execution import Execution
from simulator.kernels import KernelTables
from simulator.lowering import lower
from tracer.library.bundle import BUNDLE
from tracer.storage.graph_file import load_graph

__all__ = ["bundled_kernels", "one_of_each_architecture"]

_RUNS = (
    ("stable-diffusion", Execution()),
    ("stable-diffusion", Execution(mode="compiled", attention="efficient")),
    ("make-a-video", Execution(attention="naive")),
    ("flux-schnell", Execution(mode="compiled")),
    ("llama2-7b", Execution()),
)


def bundled_kernels(runs: tuple[tuple[str, Execution], ...] = _RUNS) -> tuple[KernelTables, ...]:
    """Kernels of each run."""
    return tuple(lower(load_graph(BUNDLE / f"{name}.npz"), execution).kernels for name, execution in runs)


def one_of_each_architecture() -> tuple[str, ...]:
    """Names of accelerators, the first of each architecture by the alphabet."""
    parts = [load_file(path) for path in accelerator_files()]
    return tuple({part.architecture: part.name for part in reversed(parts)}.values())
