"""What a file is that is no trace: said by its first bytes, with what to give instead."""

from __future__ import annotations

import re
import tarfile
import zipfile
from pathlib import Path

from .array_archive import DAMAGE
from .file_content import head_of
from .sqlite_file import tables_in_file

__all__ = ["kind_of_file"]

_HEAD = 1 << 12
_MOST_NAMES = 3
#: Longest zip archive whose names are listed: each entry becomes an object. [B]
_LARGEST_LISTED = 1 << 23
_UNPACK = "unpack it and give one of its files"
# First bytes -> what a file is, and what would do.
_BYTES = (
    (b"BZh", f"compressed by bzip2: {_UNPACK}"),
    (b"\xfd7zXZ\0", f"compressed by xz: {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"compressed by zstd: {_UNPACK}"),
    (b"7z\xbc\xaf", f"a 7z archive: {_UNPACK}"),
    (b"\x80\x02", "a pickle, which would run code: not read; export_chrome_trace of torch.profiler writes a trace"),
    (b"\x80\x03", "a pickle, which would run code: not read; export_chrome_trace of torch.profiler writes a trace"),
    (b"\x80\x04", "a pickle, which would run code: not read; export_chrome_trace of torch.profiler writes a trace"),
    (b"\x80\x05", "a pickle, which would run code: not read; export_chrome_trace of torch.profiler writes a trace"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself: fetch it with 'git lfs pull'"),
    (b"NVR\0", "a report of Nsight Compute, of kernels one by one: take a timeline with 'nsys profile'"),
    (b"\x89PNG", "a picture"),
    (b"\x89HDF", "an HDF5 file"),
    (b"%PDF", "a PDF"),
    (b"\x7fELF", "a program"),
    (b"PAR1", "a table in Parquet: export the trace as SQLite, JSON or CSV"),
    (b"ARROW1", "a table in Arrow: export the trace as SQLite, JSON or CSV"),
)
# Words in the first kilobytes -> the same.
_WORDS = (
    (r"^\s*<(?:!DOCTYPE|html|\?xml|svg)", "a page (HTML, XML), not the file that it may link to"),
    (r"Self CPU %|Self CUDA %", "a table of torch.profiler for people; export_chrome_trace writes a trace"),
    (
        r'^"ID","Process ID"|^"Process ID"|Section Name|gpu__time_duration',
        "a table of Nsight Compute, of kernels one by one at a fixed clock: take a timeline with 'nsys profile'",
    ),
    (r"^layerName;execStatus", "counters of OpenVINO by layer, without shapes: not a trace that can be read"),
    (r"speedscope\.app/file-format", "a profile of speedscope: samples of the host's stack, without device time"),
    (r'"averageMs"\s*:', "layer times of trtexec, without kernels: profile it with 'nsys profile'"),
    (r'^\s*\[\s*\{\s*"(?:count|name)"', "a list of records, none of which is an event of a trace"),
    (r"^[\w./<>:() -]+(?:;[\w./<>:() -]+)+ \d+\s*$", "stacks for a flame graph; export_chrome_trace writes a trace"),
)


def kind_of_file(path: Path) -> str:
    """What a file is, in words; empty where nothing is known of it."""
    head = head_of(path, _HEAD)
    raw = _first_bytes(path)
    if not head:
        return "" if raw else "empty"
    if zipfile.is_zipfile(path):
        return _zip(path)
    if tar := _tar(head):
        return tar
    if raw.startswith(b"SQLite format 3"):
        return _sqlite(path)
    known = next((what for beginning, what in _BYTES if raw.startswith(beginning) or head.startswith(beginning)), "")
    return known or _by_words(head)


def _by_words(head: bytes) -> str:
    text = head.decode("utf-8", errors="replace").lstrip("\ufeff")
    known = next((what for words, what in _WORDS if re.search(words, text, re.MULTILINE)), "")
    if known:
        return known
    if text.lstrip()[:1] in ("{", "["):
        keys = re.findall(r'"([^"\\]{1,40})"\s*:', text)
        members = ", ".join(repr(key) for key in dict.fromkeys(keys[:_MOST_NAMES]))
        return "JSON without events" + (f" (its first members: {members})" if members else "")
    # Perfetto's packets: field 1 of a message, each with its length.
    binary = sum(byte < 9 or 13 < byte < 32 for byte in head[:200]) > 5
    if binary and head[:1] == b"\x0a":
        return (
            "binary, perhaps a trace of Perfetto (.pftrace): 'traceconv json FILE OUT.json' writes one that can be read"
        )
    return ""


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(16)
    except OSError:
        return b""


def _zip(path: Path) -> str:
    if path.stat().st_size > _LARGEST_LISTED:
        return _archive("zip", [])
    try:
        with zipfile.ZipFile(path) as archive:
            return _archive("zip", archive.namelist())
    except DAMAGE:
        return f"a damaged zip archive: {_UNPACK}"


def _tar(head: bytes) -> str:
    """What a tar archive begins with; empty where the first block is no header of one.

    Nothing is unpacked to be told: a header may announce another one of any length.
    """
    try:
        first = tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "replace")
    except tarfile.TarError:
        return ""
    return _archive("tar", [first.name] if first.type in tarfile.SUPPORTED_TYPES else [])


def _archive(kind: str, names: list[str]) -> str:
    held = ", ".join(name[:60] for name in names[:_MOST_NAMES])
    return f"a {kind} archive" + (f" with {held}{' ...' * (len(names) > _MOST_NAMES)}" if held else "") + f": {_UNPACK}"


def _sqlite(path: Path) -> str:
    tables = sorted(tables_in_file(path))
    if "CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL" in tables:
        return "a profile of nvprof: 'nvprof --import-profile FILE --print-gpu-trace --csv' writes one that can be read"
    names = ", ".join(name[:40] for name in tables[:_MOST_NAMES])
    return f"a SQLite file of no profiler (tables: {names or 'none'}); an export of nsys has CUPTI_ACTIVITY_KIND_KERNEL"
