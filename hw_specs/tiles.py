"""Tiles that kernels are compiled for: of products by vendor library, of fused attention by head dimension."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, model_validator

from .errors import SpecError
from .reading.record import Count, Record, Text, read_record
from .terminal.meanings import did_you_mean
from .units.quantity import Bytes, Share

__all__ = [
    "AttentionTile",
    "AttentionTiles",
    "Rule",
    "TileLibrary",
    "list_attention_tiles",
    "list_tile_libraries",
    "load_attention_tiles",
    "load_tile_library",
]

_FOLDER = Path(__file__).parent
_LIBRARIES, _ATTENTION = _FOLDER / "tile_libraries", _FOLDER / "attention_tiles"

Tile = tuple[Count, Count]
"""Rows and columns of the output that one thread block computes."""


class Rule(Record):
    """A tile that a library takes for products of up to so many rows and columns and at least that reduced length."""

    tile: Tile
    rows: Count | None = None
    columns: Count | None = None
    reduced: Count | None = None


class TileLibrary(Record):
    """Output tiles that a library may choose from, and how it may split the reduced length."""

    name: Text
    tiles: Annotated[tuple[Tile, ...], Field(min_length=1)]
    splits: Annotated[tuple[Count, ...], Field(min_length=1)]
    """Blocks that may share one output tile."""
    step: Bytes
    """Bytes of the reduced length in one step of the main loop. [B]"""
    resident: Count
    """Most blocks of one core."""
    accumulators: Count = 32768
    """Elements of output tiles, in float32, that fill half of the registers of a core; operands have the others. [1]"""
    shared: Share = 1.0
    """Share of the operand tiles that a block reads from L2 itself; the rest comes from the other blocks of a cluster,
    which read it once for all. [1]"""
    staged: Share = 1.0
    """Share of the operand tiles that a block's core takes into its shared memory; of a pair of cores that multiply
    together each holds half of one side. [1]"""
    gathered: Literal["copies", "registers"] | None = None
    """How operands come whose places a core computes between multiplications: by asynchronous copies, or through
    registers; None where it copies whole tiles."""
    warp_wide: Annotated[bool, Field(strict=True)] = False
    """Whether its kernels are written for an older generation, with instructions that one warp issues."""
    small: tuple[Tile, ...] = ()
    """What it takes for batches of matrices of at most 64 x 64; none where it takes any tile."""
    rules: tuple[Rule, ...] = ()
    """How the library chooses where that is known, the first rule that applies; none where it takes the fastest."""
    sources: Annotated[tuple[Text, ...], Field(min_length=1)]
    notes: Text | None = None

    @model_validator(mode="after")
    def _splits_begin_with_none(self) -> Self:
        if 1 not in self.splits:
            raise ValueError("splits lack 1; a library has kernels that do not split, too")
        return self

    @model_validator(mode="after")
    def _rules_lead_to_tiles(self) -> Self:
        for rule in self.rules:
            if rule.tile not in self.tiles:
                raise ValueError(f"rules lead to {list(rule.tile)}, which is none of the tiles; add it to them")
        if self.rules and self.rules[-1] != Rule(tile=self.rules[-1].tile):
            raise ValueError("rules end with a condition; let the last one be a tile alone, for all other products")
        return self


class AttentionTile(Record):
    """Tile of a fused attention kernel for heads up to some dimension."""

    head: Count | None = None
    """Widest head; none for all that are wider than those before."""
    rows: Count
    """Queries of one thread block."""
    columns: Count
    """Keys of one step."""
    causal_rows: Count | None = None
    """Queries where keys after the query are skipped, if they are others."""
    causal_columns: Count | None = None
    warps: Count


class AttentionTiles(Record):
    """Tiles of one fused attention kernel."""

    name: Text
    by_head: Annotated[tuple[AttentionTile, ...], Field(min_length=1)]
    sources: Annotated[tuple[Text, ...], Field(min_length=1)]
    notes: Text | None = None

    @model_validator(mode="after")
    def _heads_grow_without_end(self) -> Self:
        heads = [tile.head for tile in self.by_head]
        if heads[-1] is not None or any(head is None for head in heads[:-1]):
            raise ValueError("by_head: the last tile alone has no head; it is that of all wider ones")
        if heads[:-1] != sorted({head for head in heads[:-1] if head is not None}):
            raise ValueError("by_head: heads do not grow; list the narrowest first")
        return self


@functools.cache
def load_tile_library(name: str) -> TileLibrary:
    """Tile library of a name.

    Raises
    ------
    SpecError
        If there is none, or its file is refused.
    """
    return _load(TileLibrary, _LIBRARIES, name, "tile library")


@functools.cache
def load_attention_tiles(name: str) -> AttentionTiles:
    """Attention tiles of a name. Raises as :func:`load_tile_library`."""
    return _load(AttentionTiles, _ATTENTION, name, "attention tiles")


@functools.cache
def list_tile_libraries() -> tuple[str, ...]:
    """Names of the tile libraries, sorted."""
    return tuple(sorted(path.stem for path in _LIBRARIES.glob("*.yaml")))


@functools.cache
def list_attention_tiles() -> tuple[str, ...]:
    """Names of the tables of attention tiles, sorted."""
    return tuple(sorted(path.stem for path in _ATTENTION.glob("*.yaml")))


_Table = TypeVar("_Table", TileLibrary, AttentionTiles)


def _load(model: type[_Table], folder: Path, name: str, what: str) -> _Table:
    path = folder / f"{name}.yaml"
    known = sorted(entry.stem for entry in folder.glob("*.yaml"))
    if name not in known:
        raise SpecError(f"no {what} {name!r}; known are {', '.join(known)}{did_you_mean(name, known)}")
    return read_record(path, model, unit_strings_only=True)
