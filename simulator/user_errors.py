"""What a user of the simulator's commands can cause; anything else is a defect and keeps its traceback."""

from __future__ import annotations

from hw_specs import SpecError
from hw_specs.output import OutputError
from tracer.graph import GraphError
from tracer.library.graphs import MissingTracerError
from tracer.trace import TraceFormatError
from tracer.workloads import UnknownWorkloadError

from .cost import FidelityError, ParameterError, UnsupportedFormatError
from .execution import ExecutionError
from .reference import ComparedRunError
from .simulation import BeyondNumbersError
from .software import SoftwareError
from .views.explanation import UnknownKernelError
from .views.figures import PlotError
from .work import FormulaError, UnsupportedOpError

__all__ = ["USER_ERRORS"]

USER_ERRORS: tuple[type[Exception], ...] = (
    BeyondNumbersError,
    ComparedRunError,
    ExecutionError,
    FidelityError,
    FormulaError,
    GraphError,
    MissingTracerError,
    OutputError,
    ParameterError,
    PlotError,
    SoftwareError,
    SpecError,
    TraceFormatError,
    UnknownKernelError,
    UnknownWorkloadError,
    UnsupportedFormatError,
    UnsupportedOpError,
)
