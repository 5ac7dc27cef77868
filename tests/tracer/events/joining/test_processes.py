"""Processes of one report."""

from __future__ import annotations

from tracer.events.joining.processes import Processes, devices_of_ranks


def test_each_process_has_numbers_devices_and_streams_of_its_own() -> None:
    processes = Processes({(77, 0): 4})
    assert [processes.number(each) for each in (900, 800, 900)] == [0, 1, 0]
    assert [processes.device(77, 0), processes.device(78, 0), processes.device(77, 1)] == [4, 0, 1]
    assert processes.stream(0, 7) == 7
    assert len({processes.stream(process, stream) for process in (0, 1) for stream in (7, 20)}) == 4


def test_one_process_owns_nothing_in_particular() -> None:
    processes = Processes({})
    processes.device(77, 0)
    processes.device(77, 1)
    assert processes.owners() == {}
    processes.device(78, 2)
    assert processes.owners() == {0: 77, 1: 77, 2: 78}


def test_ranks_never_share_a_device() -> None:
    assert devices_of_ranks([(78, 0), (77, 0), (77, 0)]) == {(77, 0): 0, (78, 0): 1}
    assert devices_of_ranks([(77, 0), (78, 1)]) == {}
    assert devices_of_ranks([]) == {}
