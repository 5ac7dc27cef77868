"""What is known of an accelerator, as validated records. All values are SI: FLOP/s, B, B/s, s, Hz, W.

The records accept unit strings as well as SI numbers; from a specification file, unit strings only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationInfo, model_validator
from pydantic_core import CoreSchema, core_schema

from .errors import did_you_mean
from .number_formats import FORMAT_BITS
from .units import SI_UNITS, parse_quantity

__all__ = ["Accelerator", "Cores", "Link", "Memory", "MemoryLevel", "Peak", "Power", "Quantity"]


@dataclass(frozen=True)
class Quantity:
    """Marks a field as a positive number in an SI unit that may be written as a unit string.

    The validation context may hold ``clock`` [Hz], which ``clk`` stands for, and ``unit_strings_only``.
    """

    unit: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Put :meth:`to_si` before pydantic's own check of the number."""
        return core_schema.with_info_before_validator_function(self.to_si, handler(source))

    def to_si(self, value: object, info: ValidationInfo) -> float:
        """SI number of a unit string or a number; positive and finite."""
        context = info.context or {}
        example = f"write it as {SI_UNITS[self.unit]!r}"
        if isinstance(value, str):
            number = parse_quantity(value, unit=self.unit, clock=context.get("clock"))
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{value!r} is not a quantity in {self.unit}; {example}")
        elif context.get("unit_strings_only"):
            raise ValueError(f"{value!r} has no unit; {example}")
        else:
            number = float(value)
        if not 0 < number < float("inf"):
            raise ValueError(f"{value!r} is not a positive quantity; {example}")
        return number


Bytes = Annotated[float, Quantity("B")]
BytesPerSecond = Annotated[float, Quantity("B/s")]
FlopPerSecond = Annotated[float, Quantity("FLOP/s")]
Hertz = Annotated[float, Quantity("Hz")]
Seconds = Annotated[float, Quantity("s")]
Watts = Annotated[float, Quantity("W")]
Count = Annotated[int, Field(strict=True, gt=0)]
Text = Annotated[str, Field(min_length=1)]


def _known_formats(rates: dict[str, float]) -> dict[str, float]:
    for name in rates:
        if name not in FORMAT_BITS:
            hint = did_you_mean(name, FORMAT_BITS)
            raise ValueError(f"unknown number format {name!r}; valid are {', '.join(FORMAT_BITS)}{hint}")
    return rates


@dataclass(frozen=True)
class _FormatKeys:
    """Refuses keys that are no number formats, before their values are looked at."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.check, handler(source))

    def check(self, rates: object) -> object:
        return _known_formats(rates) if isinstance(rates, dict) else rates


Rates = Annotated[dict[str, FlopPerSecond], _FormatKeys()]


class Record(BaseModel):
    """Frozen, and closed: an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Peak(Record):
    """Highest dense arithmetic rates by number format, without structured sparsity."""

    matrix: Rates = {}
    """Matrix units with fp32 accumulation (int32 for integers), as libraries use them. [FLOP/s]"""
    vector: Rates = {}
    """Ordinary arithmetic units, dot products included; a fused multiply-add counts as two. [FLOP/s]"""
    special: Rates = {}
    """Results of the special-function units (exponential, reciprocal square root...). [results/s]"""


class Cores(Record):
    """The parallel processors of the accelerator and the limits of each."""

    count: Count
    kind: Text
    """Vendor's word for the core: SM, CU, TensorCore, core."""
    clock: Hertz
    """Boost clock. [Hz] What ``clk`` stands for in the file."""
    matrix_clock: Hertz | None = None
    """Clock that the matrix peaks are quoted at, where it is another. [Hz]"""
    sustained_clock: Hertz | None = None
    """Clock seen under continued heavy load. [Hz]"""
    warp_size: Count | None = None
    """Threads that run in step: warp, wavefront, or lanes of fp32 on a CPU."""
    max_threads: Count | None = None
    """Resident threads of one core."""
    max_warps: Count | None = None
    max_blocks: Count | None = None
    """Resident thread blocks of one core."""
    shared_memory: Bytes | None = None
    """Largest shared memory of one core, over all its resident blocks. [B]"""
    shared_memory_per_block: Bytes | None = None
    """Largest shared memory of one thread block. [B]"""


class MemoryLevel(Record):
    """One level of the memory hierarchy."""

    capacity: Bytes
    bandwidth: BytesPerSecond | None = None
    """Datasheet figure where there is one, else the measured one. [B/s]"""
    measured_bandwidth: BytesPerSecond | None = None
    """What published microbenchmarks reach: reads on chip, copy (read and write counted) for DRAM. [B/s]"""
    latency: Seconds | None = None
    """Load-to-use latency of one dependent access. [s]"""
    per_core: Annotated[bool, Field(strict=True)] = False
    """Whether capacity and bandwidth are those of one core."""
    inline_ecc: Annotated[bool, Field(strict=True)] = False
    """Whether check bits lie among the data and take bandwidth, as on server cards with GDDR as they ship."""


class Memory(Record):
    """The memory hierarchy, nearest level first."""

    registers: MemoryLevel | None = None
    shared: MemoryLevel | None = None
    """L1 cache and software-managed memory of a core (shared memory, LDS)."""
    l2: MemoryLevel | None = None
    """Cache or software-managed memory that all cores share (VMEM and SBUF of systolic machines too)."""
    llc: MemoryLevel | None = None
    """A further level before DRAM: Infinity Cache, CMEM, L3."""
    dram: MemoryLevel

    @model_validator(mode="after")
    def _dram_has_bandwidth(self) -> Self:
        if self.dram.bandwidth is None:
            raise ValueError("dram has no bandwidth; give the datasheet figure as '2.039 TB/s'")
        return self

    def levels(self) -> Iterator[tuple[str, MemoryLevel]]:
        """Names and levels that are present, nearest first."""
        for name in type(self).model_fields:
            level = getattr(self, name)
            if level is not None:
                yield name, level


class Link(Record):
    """A connection to other devices or to the host."""

    bandwidth: BytesPerSecond
    """One way, all lanes of the device together: half of a figure quoted for both directions. [B/s]"""
    latency: Seconds | None = None


class Power(Record):
    """Power of the whole board or package."""

    board: Watts | None = None
    """Default limit. [W]"""
    idle: Watts | None = None


class Accelerator(Record):
    """One device as a framework sees it: limits that its vendor states, and where they come from."""

    name: Text
    aliases: tuple[Text, ...] = ()
    vendor: Text
    architecture: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """Lower-case key of the generation: ``ampere``, ``cdna3``, ``tpu_v5e``."""
    kind: Literal["gpu", "tpu", "npu", "cpu"]
    isa: Text | None = None
    """Compiler target: ``sm_80``, ``gfx942``."""
    year: Annotated[int, Field(strict=True, ge=1990, le=2100)] | None = None
    process: Text | None = None
    form_factor: Text | None = None
    peak: Peak
    cores: Cores
    memory: Memory
    links: dict[Text, Link] = {}
    power: Power = Power()
    sources: Annotated[tuple[Text, ...], Field(min_length=1)]
    notes: Text | None = None
    disputed: tuple[Text, ...] = ()
    """Paths (``peak.matrix.fp16``) of values that sources give differently or that do not fit; notes say how."""
    hypothetical: Annotated[bool, Field(strict=True)] = False
    """Whether this is no product: a variant thought up, or a product with values changed."""
    based_on: Text | None = None
    """Name of the product that a hypothetical accelerator was made from."""

    @model_validator(mode="after")
    def _has_a_peak(self) -> Self:
        if not self.peak.matrix and not self.peak.vector:
            raise ValueError("peak has neither matrix nor vector rates; give at least one as '312 TFLOP/s'")
        return self
