import pytest
from pydantic import ValidationError

from hw_specs import SpecError
from hw_specs.tiles import (
    AttentionTiles,
    Rule,
    TileLibrary,
    list_attention_tiles,
    list_tile_libraries,
    load_attention_tiles,
    load_tile_library,
)

_LIBRARY = {"name": "x", "tiles": [[64, 32]], "splits": [1], "step": "64 B", "resident": 2, "sources": ["s"]}


@pytest.mark.parametrize("name", list_tile_libraries())
def test_every_library_reads(name: str) -> None:
    library = load_tile_library(name)
    assert library.name == name
    assert len(set(library.tiles)) == len(library.tiles)


@pytest.mark.parametrize("name", list_attention_tiles())
def test_every_table_of_attention_tiles_reads(name: str) -> None:
    assert load_attention_tiles(name).name == name


def test_shares_keep_their_fraction() -> None:
    assert load_tile_library("pair").staged == 2 / 3
    assert load_tile_library("warp").staged == 1.0


def test_values_are_those_of_their_sources() -> None:
    # tile_size.h of FlashAttention-3: 128 x 176 at head dimension 128, 128 x 128 when causal.
    tile = next(tile for tile in load_attention_tiles("flash3").by_head if tile.head == 128)
    assert (tile.rows, tile.columns, tile.causal_columns) == (128, 176, 128)
    assert load_tile_library("eight_bit").rules[-1] == Rule(tile=(128, 128))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rules": [{"tile": [8, 8]}]}, r"rules lead to \[8, 8\], which is none of the tiles"),
        ({"rules": [{"tile": [64, 32], "rows": 4}]}, "rules end with a condition"),
        ({"splits": [2, 4]}, "splits lack 1"),
        ({"tiles": []}, "at least 1 item"),
        ({"shared": "2"}, "less than or equal to 1"),
        ({"shared": "half"}, "'half' is no number; write it as '0.75' or '2/3'"),
        ({"staged": True}, "is not a quantity in 1"),
    ],
)
def test_refusals_of_libraries(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TileLibrary.model_validate(_LIBRARY | changes)


@pytest.mark.parametrize(
    ("heads", "message"),
    [([64], "the last tile alone"), ([None, None], "the last tile alone"), ([128, 64, None], "do not grow")],
)
def test_refusals_of_attention_tiles(heads: list[int | None], message: str) -> None:
    tiles = [{"head": head, "rows": 1, "columns": 1, "warps": 1} for head in heads]
    with pytest.raises(ValidationError, match=message):
        AttentionTiles.model_validate({"name": "x", "by_head": tiles, "sources": ["s"]})


def test_an_unknown_name_is_refused_with_near_misses() -> None:
    with pytest.raises(SpecError, match=r"no tile library 'wrap'; known are .*did you mean 'warp'"):
        load_tile_library("wrap")
    with pytest.raises(SpecError, match="no attention tiles 'flash9'; known are "):
        load_attention_tiles("flash9")
