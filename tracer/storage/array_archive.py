"""Arrays with a header in one file: a NumPy ``.npz`` archive that appears whole or not at all, without pickles.

The header is UTF-8 JSON in an array of bytes named ``header``, so that :func:`numpy.load` opens the file as well.
"""

from __future__ import annotations

import io
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from hw_specs.output import OutputError, writing

__all__ = ["ArchiveError", "archive_header", "decode_header", "first_line", "read_archive", "write_archive"]

_Header = TypeVar("_Header")

_HEADER = "header"
# What zipfile, zlib and numpy raise for damaged archives: a damaged size can also ask for memory that no machine has,
# and a damaged flag for a password (RuntimeError) or a method that zipfile lacks (NotImplementedError).
_DAMAGE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    RuntimeError,
    MemoryError,
    SyntaxError,
    OverflowError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


class ArchiveError(ValueError):
    """A file is missing, is no archive of arrays, is damaged, or cannot be written."""


def write_archive(path: Path, header: bytes, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a header and arrays, compressed; the file appears whole or not at all.

    Raises
    ------
    ArchiveError
        The folder does not exist or cannot be written.
    """
    columns: dict[str, Any] = {_HEADER: np.frombuffer(header, dtype=np.uint8), **arrays}
    try:
        with writing(path) as stream:
            np.savez_compressed(stream, **columns)
    except OutputError as error:
        raise ArchiveError(str(error)) from error


def read_archive(path: Path, *, kind: str) -> tuple[bytes, dict[str, NDArray[Any]]]:
    """Header and arrays of a file.

    Parameters
    ----------
    path : Path
    kind : str
        What the file should hold, for messages: ``graph``.

    Raises
    ------
    ArchiveError
        The file is missing, is no archive, is damaged, or has no header.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ArchiveError(f"{path}: no such file") from None
    except OSError as error:
        raise ArchiveError(f"{path}: cannot read: {error.strerror}") from error
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            arrays = {name: _array(archive, f"{name}.npy") for name in names}
    except _DAMAGE as error:
        raise ArchiveError(f"{path}: not a {kind} file, or damaged ({first_line(error)})") from error
    if _HEADER not in arrays:
        raise ArchiveError(f"{path}: not a {kind} file: it has no header")
    return arrays.pop(_HEADER).tobytes(), arrays


def archive_header(path: Path) -> bytes | None:
    """Header of a file without its arrays; None where the file is no archive with one."""
    try:
        with zipfile.ZipFile(path) as archive:
            header: bytes = _array(archive, f"{_HEADER}.npy").tobytes()
    except _DAMAGE:
        return None
    return header


def decode_header(
    path: Path, raw: bytes, header: type[_Header], *, version: int, again: str, kind: str | None = None
) -> _Header:
    """Header as a record.

    Parameters
    ----------
    path : Path
        For messages.
    raw : bytes
        As :func:`read_archive` returns it.
    header : type
        Dataclass with a field ``version``.
    version : int
        The one that can be read.
    again : str
        How to come by a file of this version, for the message.
    kind : str, optional
        What the header must say that the file is.

    Raises
    ------
    ArchiveError
        The header is damaged, of another kind or of another version.
    """
    try:
        plain = msgspec.json.decode(raw, type=dict[str, Any])
        if kind is not None and plain.get("kind") != kind:
            raise ArchiveError(f"{path}: not a {kind} file: its header says {plain.get('kind', 'nothing')!r}")
        if plain.get("version") != version:
            written = f"written in version {plain.get('version')}"
            raise ArchiveError(f"{path}: {written}; this program reads version {version}: {again}")
        return msgspec.json.decode(raw, type=header)
    except ArchiveError:
        raise
    except (msgspec.DecodeError, ValueError) as error:
        raise ArchiveError(f"{path}: damaged header ({first_line(error)})") from error


def first_line(error: BaseException) -> str:
    """What an error says, in one line."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _array(archive: zipfile.ZipFile, name: str) -> Any:
    with archive.open(name) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)
