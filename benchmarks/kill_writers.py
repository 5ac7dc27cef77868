"""Kill every writer of files at random moments: ``python benchmarks/kill_writers.py [KILLS] [WRITER...]``.

Each child writes one of two contents into the same file over and over until it is killed. Afterwards the file must hold
one of both, whole, and beside it nothing may be left once the file has been written again.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hw_specs.output import write_bytes, write_text
from tracer.storage.array_archive import read_archive, write_archive


class Writer(NamedTuple):
    """How a file is written with one of two contents, how to tell which one it has, and the longest life of a child."""

    name: str
    write: Callable[[Path, int], None]
    version: Callable[[Path], int]
    longest: float = 0.02


def killed(writer: Writer, folder: Path, kills: int, seed: int = 1) -> tuple[int, int]:
    """(kills after which a temporary lay there, of them still there after the next writing); asserts the rest."""
    path, rng, left = folder / writer.name, random.Random(seed), 0  # noqa: S311
    writer.write(path, 0)
    for _ in range(kills):
        child = os.fork()
        if child == 0:
            _write_for_ever(writer, path)
        time.sleep(rng.uniform(0.0, writer.longest))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert writer.version(path) in (0, 1), f"{writer.name}: broken"
        left += len(list(folder.iterdir())) > 1
    writer.write(path, 0)
    return left, len(list(folder.iterdir())) - 1


def _write_for_ever(writer: Writer, path: Path) -> None:
    number = 0
    while True:
        number += 1
        writer.write(path, number % 2)


def report() -> Writer:
    """A report of text."""
    contents = tuple(character * 300_000 for character in "ab")
    return Writer(
        "report.json", lambda path, n: write_text(path, contents[n]), lambda path: contents.index(path.read_text())
    )


def archive() -> Writer:
    """Graphs and traces: arrays of one number."""
    arrays = tuple({"column": np.full(200_000, n)} for n in (0, 1))

    def version(path: Path) -> int:
        (found,) = set(read_archive(path, kind="graph")[1]["column"].tolist())
        return int(found)

    return Writer("graph.npz", lambda path, n: write_archive(path, b"{}", arrays[n]), version, 0.05)


def link() -> Writer:
    """A file behind a symbolic link in another folder, of which the link is all that is seen."""
    contents = tuple(bytes([n]) * 100_000 for n in (0, 1))
    behind = Path(tempfile.mkdtemp()) / "target"

    def write(path: Path, n: int) -> None:
        if not path.is_symlink():
            path.symlink_to(behind)
        write_bytes(path, contents[n])

    return Writer("link", write, lambda path: contents.index(behind.read_bytes()) if path.is_symlink() else -1)


def figure() -> Writer:
    """Plots: a picture of one of two sizes."""
    from PIL import Image

    from simulator.views.figures import new_figure, save

    figures = tuple(new_figure(2.0 + n, 1.0) for n in (0, 1))

    def version(path: Path) -> int:
        with Image.open(path) as image:
            image.load()
            return int(image.width == 450)

    return Writer("plot.png", lambda path, n: save(figures[n], path), version, 0.3)


def table() -> Writer:
    """A table that grows: any number of whole blocks, and whoever opens it drops what is cut off."""
    from validation.machine.campaign.files import GrowingTable

    row = {"a": "1" * 5_000, "b": "2"}

    def write(path: Path, n: int) -> None:
        del n
        GrowingTable(path, ("a", "b")).add([row])

    def version(path: Path) -> int:
        rows = GrowingTable(path, ("a", "b")).rows
        if len(rows) > 200:
            path.unlink()
        return 0 if rows and all(found == row for found in rows) else -1

    return Writer("table.csv.gz", write, version)


@cache
def writers() -> dict[str, Callable[[], Writer]]:
    """All writers by name."""
    return {made.__name__: made for made in (report, archive, link, figure, table)}


def main(kills: int, names: list[str]) -> None:
    for name in names or list(writers()):
        with tempfile.TemporaryDirectory() as folder:
            left, still = killed(writers()[name](), Path(folder), kills)
            assert still == 0, f"{name}: something is left over"
        print(f"{name}: {kills} kills, no broken file; {left} temporaries for the next writing to clear", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000, sys.argv[2:])
