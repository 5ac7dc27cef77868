"""What the system tells of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from validation.machine.probe.description import CacheLevel, cpu_caches, cpu_flags, machine_facts  # noqa: E402


def _cache(system: Path, index: int, **files: str) -> None:
    folder = system / "cpu0" / "cache" / f"index{index}"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text + "\n", encoding="ascii")


def test_data_caches_nearest_first(tmp_path: Path) -> None:
    _cache(tmp_path, 0, level="1", type="Data", size="48K", shared_cpu_list="0")
    _cache(tmp_path, 1, level="1", type="Instruction", size="32K", shared_cpu_list="0")
    _cache(tmp_path, 3, level="3", type="Unified", size="260M", shared_cpu_list="0-3,8")
    _cache(tmp_path, 2, level="2", type="Unified", size="2048K", shared_cpu_list="0-1")
    assert cpu_caches(tmp_path) == [
        CacheLevel(level=1, size=48 * 2**10, cpus=1),
        CacheLevel(level=2, size=2 * 2**20, cpus=2),
        CacheLevel(level=3, size=260 * 2**20, cpus=5),
    ]


def test_a_system_that_does_not_tell_has_no_caches(tmp_path: Path) -> None:
    _cache(tmp_path, 0, level="1", type="Data")
    assert cpu_caches(tmp_path) == []
    assert cpu_caches(tmp_path / "missing") == []


def test_flags_of_x86_and_arm(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor : 0\nflags\t\t: fpu avx2 avx512f\n", encoding="utf-8")
    assert cpu_flags(file) == {"fpu", "avx2", "avx512f"}
    file.write_text("Features\t: fp asimd\n", encoding="utf-8")
    assert cpu_flags(file) == {"fp", "asimd"}
    assert cpu_flags(tmp_path / "missing") == frozenset()


def test_facts_of_the_host() -> None:
    facts = machine_facts(torch.device("cpu"))
    assert facts.kind == "cpu"
    assert facts.cores == torch.get_num_threads()
    assert f"{facts.cores} thread" in facts.name
    assert facts.memory > 2**28
    assert facts.clock > 1e8
