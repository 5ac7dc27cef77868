"""Results of a study on disk: a folder of Parquet parts that survives a kill at any moment.

A part is written under another name, brought to the disk and then renamed, so that a file with the name of a part is
whole. The manifest says whose results they are and how designs fall into parts: what is missing is what has no file.
Names that begin with ``_`` or ``.`` are no data to readers of Parquet folders.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hw_specs.output import OutputError, held, write_bytes
from hw_specs.reading.bounds import InputError, read_text
from simulator.whatif.study.study import Study

__all__ = ["MANIFEST", "ResultFolder"]

_FORMAT = 1
_LARGEST_MANIFEST = 1 << 24
MANIFEST, _STUDY, _LOCK = "_manifest.json", "_study.json", "_lock"


class ResultFolder:
    """Folder that holds the results of one study, whole or in part."""

    def __init__(self, path: Path, study: Study) -> None:
        """Of a study; :meth:`open` makes it or looks whether it is this study's."""
        self.path, self.study = path, study

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Hold the folder against another sweep.

        Raises
        ------
        OutputError
            It cannot be written, is in use, or holds results of another study.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot write: {error.strerror}") from error
        # Where there are no locks, two sweeps of one study write the same parts.
        with held(self.path / _LOCK) as alone:
            if not alone:
                raise OutputError(f"{self.path}: another sweep is writing there; wait for it, or give another folder")
            self._check()
            self._forget_partial()
            yield

    def _check(self) -> None:
        """Look whether the folder is this study's, and write who it belongs to where it is new."""
        manifest = self.path / MANIFEST
        if not manifest.exists():
            if any(self.path.glob("*.parquet")):
                raise OutputError(f"{self.path}: holds Parquet files and no manifest; give another folder")
            write_bytes(self.path / _STUDY, json.dumps(self.study.file.model_dump(mode="json"), indent=2).encode())
            write_bytes(manifest, json.dumps(self._manifest(), indent=2).encode())
            return
        found = _read_manifest(manifest)
        own = self.study.identity()
        differ = [name for name, digest in own.items() if found.get("identity", {}).get(name) != digest]
        if found.get("format") != _FORMAT or differ:
            what = " and ".join(differ) or "format"
            raise OutputError(f"{self.path}: holds results of another {what}; give another folder, or delete this one")

    def _manifest(self) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "designs": len(self.study.designs),
            "models": list(self.study.file.models),
            "chunk": self.study.file.chunk,
            "chunks": self.study.num_chunks,
            "parts": _name("NUMBER"),
            "identity": self.study.identity(),
            "begun": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def _forget_partial(self) -> None:
        """Remove what a killed sweep was writing."""
        for path in self.path.glob(".*.partial"):
            path.unlink(missing_ok=True)

    def missing(self) -> Iterator[int]:
        """Chunks that have no part yet, in order."""
        done = {path.name for path in self.path.glob("part-*.parquet")}
        return (number for number in range(self.study.num_chunks) if _name(number) not in done)

    def write(self, number: int, data: bytes) -> None:
        """Put a chunk to its place. Raises OutputError where it cannot be written."""
        write_bytes(self.path / _name(number), data)

    def failures(self) -> int:
        """Rows that have a reason in place of figures."""
        import pyarrow.parquet as pq

        return sum(_filled(pq.read_metadata(path), "failure") for path in self.path.glob("part-*.parquet"))


def _filled(metadata: Any, name: str) -> int:
    """Rows of a part that have a value in a column, by the statistics of the part."""
    column = metadata.schema.names.index(name)
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    return sum(group.num_rows - group.column(column).statistics.null_count for group in groups)


def _name(number: int | str) -> str:
    """File of a chunk."""
    return f"part-{number:08d}.parquet" if isinstance(number, int) else f"part-{number}.parquet"


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_text(path, most=_LARGEST_MANIFEST))
    except (InputError, ValueError, RecursionError) as error:
        raise OutputError(f"{path}: is no manifest of a sweep; give another folder") from error
    if not isinstance(found, dict):
        raise OutputError(f"{path}: is no manifest of a sweep; give another folder")
    return found
