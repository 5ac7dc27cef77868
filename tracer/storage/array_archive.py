"""Arrays with a header in one file: a NumPy ``.npz`` archive that appears whole or not at all, without pickles.

The header is UTF-8 JSON in an array of bytes named ``header``, so that :func:`numpy.load` opens the file as well.
"""

from __future__ import annotations

import io
import re
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
from hw_specs.reading.bounds import LARGEST, InputError, megabytes, open_bounded, raised, read_bytes

__all__ = [
    "DAMAGE",
    "LARGEST_CONTENT",
    "ArchiveError",
    "Column",
    "archive_header",
    "decode_header",
    "first_line",
    "read_archive",
    "write_archive",
]

#: Longest file that is read, most that its arrays hold once uncompressed, and longest header. [B]
LARGEST_FILE, LARGEST_CONTENT, LARGEST_HEADER = 1 << 29, 1 << 30, 1 << 28
#: A row of numbers.
Column = NDArray[Any]

_Header = TypeVar("_Header")

_HEADER = "header"
#: What zipfile, zlib and numpy raise for damaged archives: a damaged size can also ask for memory that no machine has,
#: and a damaged flag for a password (RuntimeError) or a method that zipfile lacks (NotImplementedError).
DAMAGE = (
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


def read_archive(path: Path, *, kind: str, belongs: re.Pattern[str] | None = None) -> tuple[bytes, dict[str, Column]]:
    """Header and arrays of a file.

    Parameters
    ----------
    path : Path
        A regular file or a pipe.
    kind : str
        What the file should hold, for messages: ``graph``.
    belongs : pattern, optional
        What the whole name of every array must match; any by default.

    Raises
    ------
    ArchiveError
        The file is missing, is no archive, is damaged, is larger than is read, has no header, or holds what does not
        belong there: other names, text, objects, tables.
    """
    try:
        raw = read_bytes(path, most=raised(LARGEST_FILE))
    except InputError as error:
        raise ArchiveError(f"{path}: {error if path.exists() else 'no such file'}") from error
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = _members(archive, kind, belongs)
            arrays = {name: _array(archive, member) for name, member in members.items()}
    except ArchiveError as error:
        raise ArchiveError(f"{path}: {error}") from error
    except DAMAGE as error:
        raise ArchiveError(f"{path}: not a {kind} file, or damaged ({first_line(error)})") from error
    return arrays.pop(_HEADER).tobytes(), arrays


def archive_header(path: Path) -> bytes | None:
    """Header of a file without its arrays; None where the file is no archive with one."""
    try:
        with open_bounded(path, pipes=False) as stream, zipfile.ZipFile(stream) as archive:
            member = archive.getinfo(f"{_HEADER}.npy")
            if member.file_size > LARGEST_HEADER:
                return None
            header: bytes = _array(archive, member).tobytes()
    except (*DAMAGE, InputError, ArchiveError):
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
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ArchiveError(f"{path}: damaged header ({first_line(error)})") from error


def first_line(error: BaseException) -> str:
    """What an error says, in one line."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _members(archive: zipfile.ZipFile, kind: str, belongs: re.Pattern[str] | None) -> dict[str, zipfile.ZipInfo]:
    """Arrays of an archive by name, once their names and their declared sizes are found to be within bounds."""
    members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
    if _HEADER not in members:
        raise ArchiveError(f"not a {kind} file: it has no header")
    if len(members) != len(archive.infolist()):
        raise ArchiveError(f"damaged {kind} file: two arrays have one name")
    strange = [name for name in members if belongs is not None and name != _HEADER and not belongs.fullmatch(name)]
    if strange:
        raise ArchiveError(f"not a {kind} file: it holds {strange[0][:60]!r}, which is no column of one")
    if members[_HEADER].file_size > LARGEST_HEADER:
        raise ArchiveError(f"its header is longer than {megabytes(LARGEST_HEADER)}")
    size = sum(member.file_size for member in members.values())
    if size > raised(LARGEST_CONTENT):
        most = f"at most {megabytes(raised(LARGEST_CONTENT))} are read; {LARGEST}=MEGABYTES raises the bound"
        raise ArchiveError(f"holds {size >> 20} MB once uncompressed; {most}")
    return members


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Column:
    """Row of numbers of a member, whose header must ask for the memory that the member fills."""
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(stream)
        if dtype.hasobject or dtype.kind not in "iufb" or len(shape) != 1:
            raise ArchiveError(f"{member.filename[:60]} is no row of numbers (shape {shape}, type {dtype})")
        if shape[0] * dtype.itemsize != member.file_size - stream.tell():
            raise ValueError(f"{member.filename[:60]} does not hold the {shape[0]} numbers that it says")
        return np.frombuffer(stream.read(), dtype=dtype).astype(dtype.newbyteorder("="))
