"""Where chunks of a study are computed: threads of this process, or workers of a Dask cluster."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any

from hw_specs.output import OutputError
from simulator.whatif.study.evaluation import Evaluator
from simulator.whatif.study.study import Study, load_study

from .tables import chunk_bytes

__all__ = ["Part", "on_cluster", "on_threads"]

#: Number of a chunk, the bytes of its file, and how many of its rows failed.
Part = tuple[int, bytes, int]

# How long a scheduler is waited for.
_PATIENCE = "10s"
# Chunks under way for each worker: one that it computes, one that waits for it.
_AHEAD = 2


def on_threads(study: Study, chunks: Iterable[int], workers: int | None = None) -> Iterator[Part]:
    """Parts of chunks as they are done, computed on threads; numpy lets others run while it computes."""
    count, evaluator = workers or os.cpu_count() or 1, Evaluator(study=study)

    def compute(number: int) -> Part:
        return (number, *chunk_bytes(evaluator, number))

    pool, finished = ThreadPoolExecutor(count), False
    try:
        yield from _bounded(lambda number: pool.submit(compute, number), chunks, _AHEAD * count)
        finished = True
    finally:
        # Whoever interrupts does not wait for chunks that nobody will write.
        pool.shutdown(wait=finished, cancel_futures=True)


def _bounded(submit: Callable[[int], Future[Part]], chunks: Iterable[int], most: int) -> Iterator[Part]:
    """Results of tasks as they end, with no more than some of them under way."""
    queue = iter(chunks)
    under_way = {submit(number) for number in itertools.islice(queue, most)}
    while under_way:
        done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            under_way |= {submit(number) for number in itertools.islice(queue, 1)}
            yield future.result()


def on_cluster(study: Study, chunks: Iterable[int], address: str) -> Iterator[Part]:
    """Parts of chunks as they are done, computed by the workers of a cluster.

    Workers get the content of the study and the number of a chunk, and give back the bytes of its part. A worker that
    is lost loses nothing: its chunks go to another.

    Parameters
    ----------
    study : Study
    chunks : iterable of int
    address : str
        Of the scheduler, ``tcp://host:port``.

    Raises
    ------
    OutputError
        There is no scheduler, it has no workers, they have another version, or a chunk lost too many of them.
    """
    from distributed import Client, KilledWorker

    try:
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise OutputError(f"--scheduler {address}: no scheduler answers; give the address that it printed") from error
    with client:
        workers = sum(client.nthreads().values())
        if not workers:
            raise OutputError(f"--scheduler {address}: no worker has joined it; start some: dask worker {address}")
        try:
            yield from _on_workers(client, study, iter(chunks), _AHEAD * workers)
        except KilledWorker as error:
            raise OutputError(f"--scheduler {address}: {error}; start more workers and go on") from error


def _on_workers(client: Any, study: Study, chunks: Iterator[int], most: int) -> Iterator[Part]:
    """Parts as they are done, with no more than some of them under way."""
    from distributed import as_completed

    content, identity = study.file.model_dump(mode="json"), study.identity()

    def submit(number: int) -> Any:
        key = f"chunk-{number}-{identity['study'][:12]}"
        return client.submit(_computed, content, identity, number, pure=False, key=key)

    under_way = as_completed([submit(number) for number in itertools.islice(chunks, most)])
    for future in under_way:
        part: Part = future.result()
        for number in itertools.islice(chunks, 1):
            under_way.add(submit(number))
        future.release()
        yield part


_EVALUATORS: dict[str, Evaluator] = {}
_ONE_AT_A_TIME = Lock()


def _computed(content: Mapping[str, Any], identity: Mapping[str, str], number: int) -> Part:
    """Part of a chunk on a worker, whose threads share what chunks have in common."""
    with _ONE_AT_A_TIME:
        evaluator = _EVALUATORS.get(identity["study"]) or _evaluator(content, identity)
        _EVALUATORS.clear()
        _EVALUATORS[identity["study"]] = evaluator
    return (number, *chunk_bytes(evaluator, number))


def _evaluator(content: Mapping[str, Any], identity: Mapping[str, str]) -> Evaluator:
    """Evaluator of a study. Raises OutputError where it is another's here."""
    study = load_study(content)
    differ = [name for name, digest in study.identity().items() if identity[name] != digest]
    if differ:
        raise OutputError(f"a worker has other {' and '.join(differ)}; install the same version on all of them")
    return Evaluator(study=study)
