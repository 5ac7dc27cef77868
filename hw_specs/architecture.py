"""What the accelerators of one generation share, as a validated record: engines, libraries, kernels that exist there.

The cost model and the lowering ask for these traits and never for a name. A trait that a file leaves out is that of its
parent (``parent``: a relative, whose calibrations carry over too) or of another architecture that stands in for what
nobody knows (``like``: no relative); such traits count as assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, field_validator

from .reading.record import Count, Record, Text
from .tiles import AttentionTiles, load_attention_tiles, load_tile_library
from .units.number_formats import FORMAT_BITS
from .units.quantity import Bytes, Seconds, Share

__all__ = [
    "ATTENTION_KERNELS",
    "Architecture",
    "ArrayTraits",
    "AttentionTraits",
    "Dram",
    "Engine",
    "ProductTiles",
    "Winograd",
    "required_traits",
    "trait_paths",
]

Engine = Literal["simt", "systolic", "cpu"]
"""Cores that run thread blocks; engines as wide as many of them, fed by a compiler; a host's own processor."""
Dram = Literal["hbm", "gddr", "ddr"]
Winograd = Literal["none", "on_vector_units"]
"""Never; where a convolution runs on vector units anyway."""
AttentionKernel = Literal[
    "flash2", "flash2_paged", "flash3", "flash4", "cudnn_attention", "trtllm", "ck", "aiter", "efficient"
]
ATTENTION_KERNELS: tuple[AttentionKernel, ...] = (
    "flash2",
    "flash2_paged",
    "flash3",
    "flash4",
    "cudnn_attention",
    "trtllm",
    "ck",
    "aiter",
    "efficient",
)
"""Fused attention kernels that software may ask for."""

_IDENTITY = ("name", "vendor", "parent", "refresh", "like", "isa", "sources", "notes")


class ProductTiles(Record):
    """Names of the tile libraries (:mod:`hw_specs.tiles`) from which products take their tiles, by role."""

    matrix: Text
    """Products on matrix units, operands of 16 bits and more."""
    eight_bit: Text
    """Products on matrix units, narrower operands."""
    vector: Text
    """Single products on vector units."""
    vector_batched: Text
    """Batched products on vector units."""
    implicit: Text
    """Convolutions that become products on vector units."""
    convolution: Text
    """Convolutions of one and two dimensions on matrix units."""
    convolution_3d: Text
    """Convolutions of three dimensions on matrix units."""
    few_channels: Text
    """Convolutions on matrix units whose channels do not fill a step of the main loop."""
    experts: Text | None
    """Products of experts in operands of at most eight bits that an engine's library generates; none where it has none,
    and other products' tiles count."""

    @field_validator("*")
    @classmethod
    def _is_a_library(cls, name: str | None) -> str | None:
        if name is not None:
            load_tile_library(name)
        return name


class AttentionTraits(Record):
    """Fused attention: kernels that exist, and names of their tables of tiles (:mod:`hw_specs.tiles`)."""

    newest: AttentionKernel
    """Kernel that serving engines take where nothing else is asked for."""
    kernels: tuple[AttentionKernel, ...]
    """Kernels that exist."""
    fallbacks: dict[AttentionKernel, AttentionKernel]
    """Kernels that are another one under a name of their own."""
    flash2: Text
    flash2_paged: Text
    flash3: Text
    flash4: Text
    cudnn_attention: Text
    trtllm: Text
    ck: Text
    aiter: Text
    efficient: Text
    storage: Bytes | None
    """Shared memory of a core that thread blocks count with, where it is not the accelerator's own. [B]"""
    warp_matrix_share: Share
    """Share of the matrix peak that warp-wide instructions reach. [1]"""
    spread_accumulators: Annotated[bool, Field(strict=True)]
    """Whether warp-wide products leave a row of results spread over more threads than a quarter of a warp."""

    @field_validator(*ATTENTION_KERNELS)
    @classmethod
    def _is_a_table(cls, name: str) -> str:
        load_attention_tiles(name)
        return name

    def tiles(self, kernel: str) -> AttentionTiles:
        """Tiles of a kernel."""
        name: str = getattr(self, kernel)
        return load_attention_tiles(name)


class ArrayTraits(Record):
    """Systolic matrix engine: a grid of multipliers that keeps one block of a product while another streams past it.

    None of an architecture whose cores run blocks of threads.
    """

    rows: Count | None = None
    """Multipliers along the reduced length, or along the rows of the output where the grid keeps that. [1]"""
    columns: Count | None = None
    """Multipliers along the columns of the output. [1]"""
    keeps: Literal["operand", "output"] | None = None
    """What the grid keeps while it multiplies: a block of an operand, or the sums of a block of the output."""
    turnover: Count | None = None
    """Clocks in which the next block takes the place of the one that is kept, while that is used. [clk]"""
    vector_share: Share | None = None
    """Elements that an elementwise instruction takes through the vector units, over their published FLOPs. [1]"""
    special_instructions: Count | None = None
    """Instructions of the vector units for an exponential, a root and the like, where no unit's rate is published."""
    special_operations: Count | None = None
    """Elementwise operations that a unit of special functions does with each, such as scale, offset and sum. [1]"""
    second_operand: Count | None = None
    """Clocks for each element of a second tensor that an elementwise instruction reads, on top. [clk]"""
    paged_queries: Count | None = None
    """Queries that attention over a paged cache computes at least for each sequence."""
    compiler: Text | None = None
    """What makes a graph into one program, of which nothing is launched kernel by kernel."""
    float32_as: Text | None = None
    """Number format in which that compiler multiplies float32 unless it is asked not to."""

    @field_validator("float32_as")
    @classmethod
    def _is_a_format(cls, name: str | None) -> str | None:
        if name is not None and name not in FORMAT_BITS:
            raise ValueError(f"unknown number format {name!r}; valid are {', '.join(FORMAT_BITS)}")
        return name


class Architecture(Record):
    """One generation: where it descends from, and its traits."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    vendor: Text | None = None
    """Maker, None where several make it."""
    parent: Text | None = None
    """Architecture from which this one descends: calibrations carry over, and traits that are not stated here."""
    refresh: Annotated[bool, Field(strict=True)] = False
    """Whether the cores are those of the parent, no step away from it."""
    like: Text | None = None
    """Architecture whose traits stand in for those that are not known; no relative."""
    isa: tuple[Text, ...] = ()
    """Compiler targets, or the flag of a processor, that tell the architecture."""
    engine: Engine
    core: Text
    """Vendor's word for a core."""
    dram: Dram
    """Kind of memory that its accelerators have unless they say otherwise."""
    matrix_formats: tuple[str, ...]
    """Number formats that its matrix units multiply."""
    special_per_clock: Count | None
    """Results of special functions of one core in a clock, where they are published. [1/clk]"""
    issued_lanes: Count
    """Threads for which a core issues an instruction in a clock. [1/clk]"""
    matrix_flops_per_clock: Count | None
    """16-bit FLOPs of the matrix units of a core in a clock, as built; a part may be sold slower. [FLOP/clk]"""
    core_flops_per_clock: Count | None
    """16-bit FLOPs in a clock that count as one core, for engines as wide as many cores. [FLOP/clk]"""
    cache_bytes_per_clock: Bytes
    """What the common cache delivers a core in a clock where no bandwidth of it is known. [B/clk]"""
    shared_bytes_per_clock: Bytes | None
    """The same of the shared memory of a core; None where it bounds nothing. [B/clk]"""
    l1_cache: Bytes | None
    """L1 cache of a core beside its shared memory. [B]"""
    shortest_kernel: Seconds
    """Launch, one wave and drain of a kernel that does nothing. [s]"""
    power_window: Seconds
    """Time over which the controller of the board averages its power. [s]"""
    float32_accumulation: tuple[str, ...]
    """Formats whose products are computed in float32 on vector units."""
    winograd: Winograd
    """Where the library of convolutions takes Winograd's algorithm."""
    searched_convolutions: Annotated[bool, Field(strict=True)]
    """Whether the library of convolutions has solvers of several algorithms and launches that which it found to be the
    fastest for a shape, with tensors as they lie."""
    tiles: ProductTiles
    attention: AttentionTraits
    array: ArrayTraits = ArrayTraits()
    """Of systolic engines alone."""
    sources: dict[str, Text]
    """Where each stated trait comes from, by its path or the group that it is in."""
    notes: Text | None = None

    _lineage: Mapping[str, int] = PrivateAttr(default_factory=dict)
    _assumed: Mapping[str, str] = PrivateAttr(default_factory=dict)
    _origins: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @field_validator("matrix_formats", "float32_accumulation")
    @classmethod
    def _are_formats(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in FORMAT_BITS:
                raise ValueError(f"unknown number format {name!r}; valid are {', '.join(FORMAT_BITS)}")
        return names

    @property
    def lineage(self) -> Mapping[str, int]:
        """This architecture and its ancestors, nearest first, with the steps up to each."""
        return self._lineage

    @property
    def assumed(self) -> Mapping[str, str]:
        """Paths of the traits that the file does not state, with the architecture that they are taken from."""
        return self._assumed

    def source_of(self, path: str) -> str:
        """Where a trait comes from, as the file says that states it; empty where an optional one is stated nowhere."""
        return self._origins.get(path, "")

    def trait(self, path: str) -> Any:
        """Value of a trait by its dotted path."""
        value: Any = self
        for part in path.split("."):
            value = getattr(value, part)
        return value

    def with_provenance(
        self, *, lineage: Mapping[str, int], assumed: Mapping[str, str], origins: Mapping[str, str]
    ) -> Architecture:
        """The same record that knows its ancestors, and where each trait was stated."""
        known = self.model_copy()
        known._lineage, known._assumed, known._origins = lineage, assumed, origins
        return known


def required_traits() -> Iterator[str]:
    """Dotted paths of the traits that an architecture without a parent has to state."""
    optional = {name for name, field in Architecture.model_fields.items() if not field.is_required()}
    yield from (path for path in trait_paths() if path.partition(".")[0] not in optional)


def trait_paths() -> Iterator[str]:
    """Dotted paths of all traits."""
    for name, field in Architecture.model_fields.items():
        if name in _IDENTITY:
            continue
        if isinstance(field.annotation, type) and issubclass(field.annotation, Record):
            yield from (f"{name}.{inner}" for inner in field.annotation.model_fields)
        else:
            yield name
