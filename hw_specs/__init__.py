"""Facts about accelerators and their generations, and fitted calibrations."""

from .architecture import Architecture
from .calibration import (
    Calibration,
    Evidence,
    FittedOn,
    ResidualSummary,
    list_calibrations,
    load_calibration,
)
from .catalogue import list_accelerators, load_accelerator
from .errors import SpecError
from .inheritance.lineage import lineage_distance, list_architectures, load_architecture
from .overrides import apply_overrides, changeable_paths
from .pool import CalibrationMatch, CalibrationPool, FittedCalibration
from .price import Price, price_of
from .schema import Accelerator, Cores, Link, Memory, MemoryLevel, Peak, Power
from .units.number_formats import format_bits, number_format, torch_dtype
from .units.strings import format_quantity, parse_quantity

__all__ = [
    "Accelerator",
    "Architecture",
    "Calibration",
    "CalibrationMatch",
    "CalibrationPool",
    "Cores",
    "Evidence",
    "FittedCalibration",
    "FittedOn",
    "Link",
    "Memory",
    "MemoryLevel",
    "Peak",
    "Power",
    "Price",
    "ResidualSummary",
    "SpecError",
    "apply_overrides",
    "changeable_paths",
    "format_bits",
    "format_quantity",
    "lineage_distance",
    "list_accelerators",
    "list_architectures",
    "list_calibrations",
    "load_accelerator",
    "load_architecture",
    "load_calibration",
    "number_format",
    "parse_quantity",
    "price_of",
    "torch_dtype",
]
