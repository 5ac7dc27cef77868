"""Run a range of mutants: ``python -m benchmarks.mutants [FROM:TO] [--log FILE] [--workers N] [FOLDER ...]``.

A mutant is its number: the same one of the same files is the same on every machine. With ``--log`` what was run and
what was found stand in a file, and the same command goes on where it was stopped or killed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from .running import findings_of, prepare
from .seed_files import write_seeds

#: Mutants whose run is recorded together, and those that share a process.
_BLOCK, _TOGETHER = 50, 10


def main(words: list[str]) -> int:
    """Run what is left of a range; 1 if anything was found."""
    given = _given(words)
    os.environ["ROOFCAST_CACHE"] = os.path.join(tempfile.gettempdir(), "roofcast-mutants-cache")
    with tempfile.TemporaryDirectory(prefix="roofcast-mutants-") as temporary:
        work = Path(temporary)
        seeds = write_seeds(work / "seeds", given.folders)
        prepare(seeds, work)
        done = _done(given.log, _identity(seeds))
        first, _, last = given.range.partition(":")
        blocks = [b for b in range(int(first), int(last), _BLOCK) if b not in done]
        ends = {b: min(b + _BLOCK, int(last)) for b in blocks}
        run = _runs(blocks, ends, partial(_block, seeds=seeds, work=work), given.workers)
        for block, findings in run:
            done[block] = findings
            _record(given.log, {"block": block, "seeds": _identity(seeds), "findings": findings})
            for line in findings:
                print(line, flush=True)
    found = Counter(line.partition(" | ")[0].partition(": ")[2] for lines in done.values() for line in lines)
    print(f"{_BLOCK * len(done)} mutants of {len(seeds)} files: {found.total()} findings, {len(found)} distinct")
    return int(bool(found))


def _given(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("range", nargs="?", default="0:1000", help="numbers of mutants, FROM:TO (default 0:1000)")
    parser.add_argument("folders", nargs="*", type=Path, help="folders whose small traces and archives are mutated too")
    parser.add_argument("--log", type=Path, help="what was run; the same command goes on from there")
    parser.add_argument("--workers", type=int, default=1)
    return parser.parse_args(words)


def _runs(blocks: list[int], ends: dict[int, int], one: Any, workers: int) -> Iterator[tuple[int, list[str]]]:
    jobs = [(block, ends[block]) for block in blocks]
    if workers < 2:
        yield from map(one, jobs)
        return
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        yield from pool.imap_unordered(one, jobs)


def _block(job: tuple[int, int], seeds: list[Path], work: Path) -> tuple[int, list[str]]:
    """Findings of the mutants of a block."""
    numbers = range(*job)
    parts = (numbers[at : at + _TOGETHER] for at in range(0, len(numbers), _TOGETHER))
    return job[0], [line for part in parts for line in findings_of(part, seeds, work)]


def _identity(seeds: list[Path]) -> str:
    """Of what is mutated: with other files a number is another mutant."""
    content = hashlib.sha256()
    for path in seeds:
        content.update(path.name.encode() + b"\0")
    return content.hexdigest()[:16]


def _done(log: Path | None, identity: str) -> dict[int, list[str]]:
    """Blocks that were run before, with their findings."""
    if log is None or not log.is_file():
        return {}
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return {line["block"]: line["findings"] for line in lines if line["seeds"] == identity}


def _record(log: Path | None, line: dict[str, Any]) -> None:
    if log is not None:
        with log.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
