"""Files of a measurement campaign: tables that grow by whole rows, whatever cuts the run off."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hw_specs.output import OutputError, append_bytes, write_bytes
from hw_specs.reading.bounds import InputError, raised, read_bytes

__all__ = ["KERNEL_COLUMNS", "GrowingTable"]

# zlib's window of the largest size, with a gzip header around the data.
_GZIP = 16 + zlib.MAX_WBITS
#: Longest table that is gone on with, and longest member of one once uncompressed. [B]
_LARGEST = 1 << 28

#: Columns of the table of measured kernels.
KERNEL_COLUMNS = ("device", "op", "input_shapes", "dtype", "attributes", "latency_s", "kernel", "source")


class GrowingTable:
    """A gzipped CSV file to which rows are added block by block, each block a gzip member of its own.

    A block that a cut-off left damaged is dropped when the file is opened again.

    Parameters
    ----------
    path : Path
    columns : sequence of str
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        """Open a file, or begin one."""
        self.path = path
        self.columns = tuple(columns)
        self.rows, whole = self._read()
        if not whole:
            write_bytes(self.path, self._block(self.rows, header=True))

    def add(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Append rows, and have them on disk before this returns."""
        new = [dict(row) for row in rows]
        if new:
            append_bytes(self.path, self._block(new, header=False))
            self.rows.extend(new)

    def _read(self) -> tuple[list[dict[str, str]], bool]:
        """Rows that are there, and whether the file is undamaged and has these columns."""
        if not self.path.exists():
            return [], False
        try:
            text, whole = _whole_members(read_bytes(self.path, most=raised(_LARGEST)))
        except InputError as error:
            raise OutputError(f"{self.path}: {error}") from error
        reader = csv.DictReader(text.splitlines())
        rows = [dict(row) for row in reader]
        return rows, whole and tuple(reader.fieldnames or ()) == self.columns

    def _block(self, rows: Sequence[Mapping[str, str]], *, header: bool) -> bytes:
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, extrasaction="ignore", lineterminator="\n")
        if header:
            writer.writeheader()
        writer.writerows(rows)
        # Without the time of day, the same rows give the same bytes.
        return gzip.compress(text.getvalue().encode(), mtime=0)


def _whole_members(content: bytes) -> tuple[str, bool]:
    """Text of the gzip members at the beginning that are undamaged, and whether there is nothing else."""
    parts: list[bytes] = []
    while content:
        member = zlib.decompressobj(_GZIP)
        try:
            text = member.decompress(content, raised(_LARGEST))
        except zlib.error:
            break
        if not member.eof:
            break
        parts.append(text)
        content = member.unused_data
    return b"".join(parts).decode(), not content
