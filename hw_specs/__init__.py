"""Facts about accelerators and their generations, and fitted calibrations.

Names are imported when they are first asked for: a command that reads no accelerator starts without their schemas.
"""

from .terminal import interrupts as _interrupts  # noqa: F401  # before all that takes time to import

# isort: split
import importlib

# Not from typing, which takes longer to import than all that is imported before a command can be interrupted.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .architecture import Architecture
    from .calibration import (
        Calibration,
        Evidence,
        FittedOn,
        ResidualSummary,
        list_calibrations,
        load_calibration,
    )
    from .catalogue import load_accelerator
    from .errors import SpecError
    from .inheritance.lineage import lineage_distance, list_architectures, load_architecture
    from .listing.names import list_accelerators
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

_HOMES = {
    "architecture": ("Architecture",),
    "calibration": (
        "Calibration",
        "Evidence",
        "FittedOn",
        "ResidualSummary",
        "list_calibrations",
        "load_calibration",
    ),
    "catalogue": ("load_accelerator",),
    "listing.names": ("list_accelerators",),
    "errors": ("SpecError",),
    "inheritance.lineage": ("lineage_distance", "list_architectures", "load_architecture"),
    "overrides": ("apply_overrides", "changeable_paths"),
    "pool": ("CalibrationMatch", "CalibrationPool", "FittedCalibration"),
    "price": ("Price", "price_of"),
    "schema": ("Accelerator", "Cores", "Link", "Memory", "MemoryLevel", "Peak", "Power"),
    "units.number_formats": ("format_bits", "number_format", "torch_dtype"),
    "units.strings": ("format_quantity", "parse_quantity"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Public name of the package, from the module that it lives in."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value
