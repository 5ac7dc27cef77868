"""What a workload costs on an accelerator: work, lowering, kernel cost, timeline and report.

The public face: :func:`simulate` an operator graph, :func:`compare` two simulations, :func:`project` a measured
trace. Both take an accelerator of
:mod:`hw_specs` and an :class:`Execution`; a :class:`Report` has every number in SI units. :func:`sweep` does it for
every design of a study.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .comparison import Comparison, compare
    from .execution import Execution
    from .projection.projection import Projection
    from .projection.traced import project
    from .report import Report
    from .simulation import Simulation, simulate
    from .whatif.sweep.run import sweep

__all__ = [
    "Comparison",
    "Execution",
    "Projection",
    "Report",
    "Simulation",
    "compare",
    "project",
    "simulate",
    "sweep",
]

# Where each public name lives. It is imported when it is first asked for, so that a short question stays quick.
_HOMES = {
    "Comparison": "comparison",
    "Execution": "execution",
    "Projection": "projection.projection",
    "Report": "report",
    "Simulation": "simulation",
    "compare": "comparison",
    "project": "projection.traced",
    "simulate": "simulation",
    "sweep": "whatif.sweep.run",
}


def __getattr__(name: str) -> object:
    """Public name of the package, from the module that it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
