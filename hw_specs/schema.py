"""What is known of an accelerator, as validated records. All values are SI: FLOP/s, B, B/s, s, Hz, W.

The records accept unit strings as well as SI numbers; from a specification file, unit strings only.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from .architecture import Architecture, Dram
from .inheritance.lineage import find_architecture
from .price import Price, price_terms
from .reading.record import Count, Record, Text
from .units.quantity import Bytes, BytesPerSecond, Hertz, Rates, Ratio, Seconds, Share, Watts

__all__ = ["Accelerator", "Cores", "Link", "Memory", "MemoryLevel", "Peak", "Power"]


class Peak(Record):
    """Highest dense arithmetic rates by number format, without structured sparsity."""

    matrix: Rates = Field(default_factory=dict)
    """Matrix units with fp32 accumulation (int32 for integers), as libraries use them. [FLOP/s]"""
    vector: Rates = Field(default_factory=dict)
    """Ordinary arithmetic units, dot products included; a fused multiply-add counts as two. [FLOP/s]"""
    special: Rates = Field(default_factory=dict)
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
    clock_headroom: Ratio | None = None
    """Clock in typical work over the boost clock, where the datasheet's is no ceiling. [1]"""
    matrix_share: Share | None = None
    """Share of the matrix peaks that libraries reach in large products, where cores cannot feed the units. [1]"""
    warp_size: Count | None = None
    """Threads that run in step: warp, wavefront, or lanes of fp32 on a CPU."""
    max_threads: Count | None = None
    """Resident threads of one core."""
    max_warps: Count | None = None
    """Resident warps of one core."""
    max_blocks: Count | None = None
    """Resident thread blocks of one core."""


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
    technology: Dram | None = None
    """Kind of DRAM where it is another than the generation's usual one."""


class Memory(Record):
    """The memory hierarchy, nearest level first."""

    registers: MemoryLevel | None = None
    shared: MemoryLevel | None = None
    """Software-managed memory of a core (shared memory, LDS): what all its thread blocks can have of it together."""
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
    domain: Count | None = None
    """Devices that reach one another over it at that rate; all that there are where it is not stated. [1]"""
    mesh: Annotated[bool, Field(strict=True)] = False
    """Whether each pair of its domain has lanes of its own, so that few devices reach one another over few of them."""


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
    """Key of the generation, which has a file among the architectures: ``ampere``, ``cdna3``, ``tpu_v5e``."""
    kind: Literal["gpu", "tpu", "npu", "cpu"]
    isa: Text | None = None
    """Compiler target: ``sm_80``, ``gfx942``."""
    year: Annotated[int, Field(strict=True, ge=1990, le=2100)] | None = None
    process: Text | None = None
    form_factor: Text | None = None
    module_of: Text | None = None
    """Accelerator of which this is a module of several, where frameworks see each by itself and never the whole."""
    peak: Peak
    cores: Cores
    memory: Memory
    links: dict[Text, Link] = Field(default_factory=dict)
    power: Power = Power()
    price: Price | None = None
    """What it costs its user, by field; none that ships has one."""
    sources: Annotated[tuple[Text, ...], Field(min_length=1, examples=["[own estimate]"])]
    notes: Text | None = None
    disputed: tuple[Text, ...] = ()
    """Paths (``peak.matrix.fp16``) of values that sources give differently or that do not fit; notes say how."""
    hypothetical: Annotated[bool, Field(strict=True)] = False
    """Whether this is no product: a variant thought up, or a product with values changed."""
    based_on: Text | None = None
    """Name of the product that a hypothetical accelerator was made from."""

    _traits: Architecture = PrivateAttr()
    _product: Accelerator | None = PrivateAttr(default=None)

    @property
    def traits(self) -> Architecture:
        """What its generation shares: engines, libraries, kernels that exist there."""
        return self._traits

    @property
    def product(self) -> Accelerator | None:
        """What changes of single values started from; None for what is as its file says."""
        return self._product

    def changed_from(self, product: Accelerator) -> Accelerator:
        """The same accelerator, known to be another one with values changed."""
        copy = self.model_copy()
        copy._product = product
        return copy

    @field_validator("architecture")
    @classmethod
    def _has_a_file(cls, name: str, info: ValidationInfo) -> str:
        _architecture(name, info)
        return name

    @model_validator(mode="after")
    def _knows_its_traits(self, info: ValidationInfo) -> Self:
        self._traits = _architecture(self.architecture, info)
        return self

    @model_validator(mode="after")
    def _has_a_peak(self) -> Self:
        if not self.peak.matrix and not self.peak.vector:
            raise ValueError("peak has neither matrix nor vector rates; give at least one as '312 TFLOP/s'")
        return self

    @model_validator(mode="after")
    def _price_is_of_its_fields(self) -> Self:
        price_terms(self)
        return self


def _architecture(name: str, info: ValidationInfo) -> Architecture:
    """Architecture that a validation is given, or that it finds in the folders that it is given.

    The validation context may hold ``traits`` (an :class:`Architecture`) or ``folders`` (of architectures).
    """
    context = info.context or {}
    given = context.get("traits")
    if isinstance(given, Architecture) and given.name == name:
        return given
    folders: tuple[Path, ...] = context.get("folders", ())
    return find_architecture(name, folders)
