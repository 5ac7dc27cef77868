"""What a workload costs on an accelerator: work, lowering, kernel cost, timeline and report.

The public face: :func:`simulate` an operator graph, :func:`compare` two simulations, :func:`project` a measured
trace; for what-if studies :func:`compare_setups`, :func:`sensitivity` and :func:`scale`, and :func:`sweep` for every
design of a study. All take an accelerator of :mod:`hw_specs`; a :class:`Report` has every number in SI units.
"""

import hw_specs.terminal.interrupts  # noqa: F401  # before all that takes time to import

# isort: split
import importlib

# Not from typing, which takes longer to import than all that is imported before a command can be interrupted.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .comparison import Comparison, compare
    from .execution import Execution
    from .projection.projection import Projection
    from .projection.traced import project
    from .report import Report
    from .simulation import Simulation, simulate
    from .whatif.compare import SideBySide, compare_setups
    from .whatif.scale import Growth, scale
    from .whatif.sensitivity import Sensitivity, sensitivity
    from .whatif.setups import Setup, every_setup
    from .whatif.sweep.run import sweep

__all__ = [
    "Comparison",
    "Execution",
    "Growth",
    "Projection",
    "Report",
    "Sensitivity",
    "Setup",
    "SideBySide",
    "Simulation",
    "compare",
    "compare_setups",
    "every_setup",
    "project",
    "scale",
    "sensitivity",
    "simulate",
    "sweep",
]

# Where each public name lives. It is imported when it is first asked for, so that a short question stays quick.
_HOMES = {
    "Comparison": "comparison",
    "Execution": "execution",
    "Growth": "whatif.scale",
    "Projection": "projection.projection",
    "Report": "report",
    "Sensitivity": "whatif.sensitivity",
    "Setup": "whatif.setups",
    "SideBySide": "whatif.compare",
    "Simulation": "simulation",
    "compare": "comparison",
    "compare_setups": "whatif.compare",
    "every_setup": "whatif.setups",
    "project": "projection.traced",
    "scale": "whatif.scale",
    "sensitivity": "whatif.sensitivity",
    "simulate": "simulation",
    "sweep": "whatif.sweep.run",
}


def __getattr__(name: str) -> object:
    """Public name of the package, from the module that it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
