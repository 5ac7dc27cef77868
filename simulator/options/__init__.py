"""Options of ``simulate``, which siblings share: their types in the groups of ``--help``, and the records of them."""

from .records import RunOptions, SimulateOptions
from .running import FidelityName, Parallel

__all__ = ["FidelityName", "Parallel", "RunOptions", "SimulateOptions"]
