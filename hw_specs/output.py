"""Writing results to files: whole or not at all, and nothing else in the folder is touched.

A file is written to a temporary beside it, brought to the disk, and renamed. Where the file system has files without
names (``O_TMPFILE``), the temporary has one for the moment of the rename alone, so that a kill leaves nothing behind
at any other; what a kill at that moment leaves is cleared by the next writing of the same file.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = ["OutputError", "append_bytes", "held", "write_bytes", "write_text", "writing"]

# Where a path names an open descriptor of this process and no file.
_DESCRIPTORS = ("/dev/", "/proc/")


class OutputError(ValueError):
    """A result cannot be written where it was asked for."""


def write_text(path: Path, text: str) -> None:
    """Write a file in UTF-8 as :func:`writing` does; a lone surrogate is written as its escape."""
    write_bytes(path, text.encode("utf-8", errors="backslashreplace"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file as :func:`writing` does."""
    with writing(path) as stream:
        stream.write(data)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Stream of what a file is to hold, which takes the place of what it holds once the block ends without an error.

    Symbolic links are followed, so that the file they lead to is written. A file that is there keeps its mode, and its
    owner where this process may give files to others. What is no regular file (a device, a FIFO, ``/dev/stdout``) is
    written straight into, in one piece.

    Raises
    ------
    OutputError
        It cannot be written; what was there is there still.
    """
    try:
        found = _found(path)
        descriptor = None if found is None else _own_descriptor(path, found)
        if descriptor is not None or (found is not None and not stat.S_ISREG(found.st_mode)):
            with _straight(path if descriptor is None else descriptor) as stream:
                yield stream
        else:
            with _replacing(Path(os.path.realpath(path)), found) as stream:
                yield stream
    except BrokenPipeError:
        raise  # whoever read has gone; the command line ends without a word
    except OSError as error:
        raise OutputError(f"{path}: cannot write: {error.strerror or error}") from error


def append_bytes(path: Path, data: bytes) -> None:
    """Add to the end of a file that grows block by block, and have it on the disk before this returns.

    A kill leaves a part of the block: whoever reads the file drops it.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    try:
        with path.open("ab") as stream:
            stream.write(data)
            _to_disk(stream)
    except OSError as error:
        raise OutputError(f"{path}: cannot write: {error.strerror}") from error


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Lock of a file, which is made if it is missing: whether this process has it. It goes with the process.

    Raises
    ------
    OutputError
        The file cannot be made.
    """
    try:
        stream = path.open("ab")
    except OSError as error:
        raise OutputError(f"{path}: cannot write: {error.strerror}") from error
    with stream:
        yield _locked(stream.fileno())


def _found(path: Path) -> os.stat_result | None:
    """What is at a path; a folder is refused, and a file that may not be written."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not os.access(path, os.W_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    return found


def _own_descriptor(path: Path, found: os.stat_result) -> int | None:
    """Standard output or error where a path such as ``/dev/stdout`` means it: a shell may have opened a file there."""
    if not os.path.abspath(path).startswith(_DESCRIPTORS):
        return None
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), found):
                return os.dup(descriptor)
    return None


@contextlib.contextmanager
def _straight(target: Path | int) -> Iterator[BinaryIO]:
    """Stream that is collected and then written in one piece: writers of archives move about in theirs."""
    collected = io.BytesIO()
    yield collected
    with open(target, "wb", buffering=0) as stream:
        remaining = memoryview(collected.getbuffer())
        while remaining:
            remaining = remaining[stream.write(remaining) :]


@contextlib.contextmanager
def _replacing(path: Path, found: os.stat_result | None) -> Iterator[BinaryIO]:
    """Stream of a new file that takes the place of a regular one, or of none."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        stem = f".{hashlib.blake2b(path.name.encode(errors='surrogateescape'), digest_size=6).hexdigest()}-"
        _clear(path.parent, stem)
        temporary = path.parent / f"{stem}{secrets.token_hex(6)}.partial"
        descriptor, named = _new_file(path.parent, temporary)
        try:
            with os.fdopen(descriptor, "w+b") as stream:
                _locked(descriptor)
                yield stream
                _keep_identity(descriptor, found)
                _to_disk(stream)
                if named or found is not None or not _linked(descriptor, folder, path):
                    if not named:
                        _linked(descriptor, folder, temporary)
                    os.replace(temporary, path)
            _sync(folder)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
    finally:
        os.close(folder)


def _new_file(folder: Path, temporary: Path) -> tuple[int, bool]:
    """(descriptor of an empty file that the umask allows, whether it has the name)."""
    unnamed = getattr(os, "O_TMPFILE", 0)
    if unnamed and os.path.isdir("/proc/self/fd"):
        try:
            return os.open(folder, unnamed | os.O_RDWR, 0o666), False
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
                raise
    return os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666), True


def _linked(descriptor: int, folder: int, path: Path) -> bool:
    """Give a file without a name one; False where there is such a file by now."""
    try:
        os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=folder, dst_dir_fd=folder)
    except FileExistsError:
        return False
    return True


def _keep_identity(descriptor: int, found: os.stat_result | None) -> None:
    """Give a new file the owner and the mode of the one whose place it takes."""
    if found is None or not hasattr(os, "fchown"):
        return
    for owner, group in ((found.st_uid, -1), (-1, found.st_gid)):
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, owner, group)
    os.fchmod(descriptor, stat.S_IMODE(found.st_mode))


def _clear(folder: Path, stem: str) -> None:
    """Remove what killed writers of the same file left; those that live hold a lock on theirs."""
    for path in folder.glob(f"{stem}*.partial"):
        with contextlib.suppress(OSError), path.open("rb") as stream:
            if _locked(stream.fileno()):
                path.unlink()


def _locked(descriptor: int) -> bool:
    """Whether a lock is had; always where there are none."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True


def _to_disk(stream: BinaryIO) -> None:
    stream.flush()
    try:
        os.fsync(stream.fileno())
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # a file system that has no such thing
            raise


def _sync(folder: int) -> None:
    """Bring names in a folder to the disk."""
    with contextlib.suppress(OSError):
        os.fsync(folder)
