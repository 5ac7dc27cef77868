"""Threads and clusters compute the same; a worker that is lost loses nothing."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from hw_specs.output import OutputError
from simulator.whatif.study.evaluation import Evaluator
from simulator.whatif.study.study import load_study
from simulator.whatif.sweep.pools import on_cluster, on_threads
from simulator.whatif.sweep.run import sweep

from .conftest import CONTENT

pytest.importorskip("pyarrow")


def test_threads_give_every_chunk_once(study):
    parts = list(on_threads(study, [2, 0, 1], workers=2))
    assert sorted(number for number, _, _ in parts) == [0, 1, 2]
    assert all(data.startswith(b"PAR1") for _, data, _ in parts)


def test_threads_lower_what_they_share_once(study, monkeypatch):
    """Whatever reads and lowers a workload is not made for two threads at once."""
    lowered: list[int] = []
    at_work = threading.Lock()
    plain = Evaluator._lowered

    def counted(self: Evaluator, setup: object) -> object:
        assert at_work.acquire(blocking=False)
        lowered.append(1)
        time.sleep(0.05)
        at_work.release()
        return plain(self, setup)

    monkeypatch.setattr(Evaluator, "_lowered", counted)
    assert len(list(on_threads(study, [0, 1, 2], workers=3))) == 3
    assert len(lowered) == 2  # attention flash and naive


def test_whoever_interrupts_waits_for_no_chunk(study, monkeypatch):
    goes_on, finished = threading.Event(), []

    def computed(_: Evaluator, number: int) -> tuple[bytes, int]:
        if number:
            goes_on.wait(20)
            finished.append(number)
        return b"", 0

    monkeypatch.setattr("simulator.whatif.sweep.pools.chunk_bytes", computed)
    parts = on_threads(study, [0, 1], workers=2)
    assert next(parts) == (0, b"", 0)
    parts.close()
    assert not finished
    goes_on.set()


def test_an_error_of_a_chunk_is_told(study, monkeypatch):
    def broken(*_: object) -> None:
        raise ZeroDivisionError("as it happens")

    monkeypatch.setattr("simulator.whatif.sweep.pools.chunk_bytes", broken)
    with pytest.raises(ZeroDivisionError, match="as it happens"):
        list(on_threads(study, [0, 1, 2], workers=2))


def test_no_scheduler_is_one_line(study, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("simulator.whatif.sweep.pools._PATIENCE", "1s")
    with pytest.raises(OutputError, match="no scheduler answers"):
        list(on_cluster(study, [0], "tcp://127.0.0.1:9"))


def test_a_worker_that_is_killed_loses_nothing(tmp_path):
    """Two worker processes on this machine, one of which is killed while it computes."""
    distributed = pytest.importorskip("distributed")
    content = {
        **CONTENT,
        "fidelity": "roofline",
        "sampling": {"method": "latin-hypercube", "samples": 6_000},
        "chunk": 512,
    }
    study = load_study(content)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1", nanny=False
    ) as cluster:
        victim = next(iter(cluster.workers.values())) if hasattr(cluster.workers, "values") else cluster.workers[0]
        told: list[int] = []

        def progress(done: int, _: int) -> None:
            if not told:
                threading.Thread(target=_kill, args=(victim,)).start()
            told.append(done)

        done = sweep(study, tmp_path / "cluster", scheduler=cluster.scheduler_address, progress=progress)
    alone = sweep(study, tmp_path / "alone", workers=1)
    assert done.summary.designs == 6_000
    names = sorted(path.name for path in (tmp_path / "alone").glob("part-*"))
    assert len(names) == study.num_chunks
    for name in names:
        assert (tmp_path / "cluster" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    assert alone.results.table().num_rows == 6_000


def _kill(worker: object) -> None:
    time.sleep(0.05)
    os.kill(worker.process.pid if hasattr(worker, "process") else worker.pid, signal.SIGKILL)
