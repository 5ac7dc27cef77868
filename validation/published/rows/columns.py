"""What single columns of a row say, by the map of names."""

from __future__ import annotations

from collections.abc import Mapping

from validation.published.names import Engine, Names, Source, Unmappable, first_that_fits

__all__ = ["Row", "engine_of", "positive_figure", "source_of", "whole_number", "words_of"]

Row = Mapping[str, str]

# No published run has as many images, pixels to a side or steps.
_LARGEST = 100_000


def words_of(row: Row) -> str:
    """What a row says of a run in words: the columns of precision and compilation and the notes, a line each."""
    return "\n".join((row["precision"], row["compile"], row.get("notes", "")))


def engine_of(row: Row, names: Names) -> Engine:
    """Engine or framework that ran. Raises :class:`Unmappable` where it is unknown or not stated."""
    engine = first_that_fits(names.engines, row["compile"])
    if engine is None:
        raise Unmappable("engine is not modelled" if row["compile"] else "engine is not stated")
    return engine


def source_of(row: Row, names: Names) -> Source:
    """What is known of a row's source; nothing of one that the map does not name."""
    said = "\n".join(row[column] for column in ("source", "device", "precision", "attention_impl"))
    return first_that_fits(names.sources, said) or Source(contains="")


def whole_number(row: Row, column: str) -> int | None:
    """Positive whole number of a column, None where it is empty."""
    text = row.get(column, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise Unmappable(f"{column} is not a number") from None
    if not (1 <= value < _LARGEST and value == int(value)):
        raise Unmappable(f"{column} is not a positive whole number below {_LARGEST}")
    return int(value)


def positive_figure(row: Row, column: str) -> float:
    """Positive finite number of a column; :class:`Unmappable` for anything else."""
    try:
        value = float(row[column])
    except ValueError:
        raise Unmappable(f"{column} is not a number") from None
    if not 0 < value < float("inf"):
        raise Unmappable(f"{column} is not positive and finite")
    return value
