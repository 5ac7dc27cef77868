"""Hosts by name and by file."""

from __future__ import annotations

import pytest

from hw_specs import SpecError
from simulator.execution import EXECUTION_MODES
from simulator.hosts.catalogue import DEFAULT_HOST, list_hosts, load_host
from simulator.hosts.host import COSTS, ON_THE_HOST


def test_all_that_ship():
    assert DEFAULT_HOST in list_hosts()
    for name in list_hosts():
        host = load_host(name)
        assert host.name == name
        assert set(host.costs) == {*EXECUTION_MODES, "cpu"} - {"fused"}


@pytest.mark.parametrize("name", list_hosts())
def test_a_graph_costs_least_and_python_most(name):
    costs = load_host(name).costs
    for cost in COSTS:
        values = [getattr(costs[mode], cost) for mode in ("cuda-graph", "compiled-graph", "compiled", "eager")]
        assert all(value >= 0 for value in values)
        if cost not in ("delay", "operator", "guards"):  # a generated kernel's wrapper is Python too
            assert values == sorted(values)


def test_newer_hosts_are_faster():
    eager = [load_host(name).costs["eager"] for name in ("server-2018", "server-2020", "server-2023", "desktop-2022")]
    for cost in ON_THE_HOST:
        values = [getattr(costs, cost) for costs in eager]
        assert values == sorted(values, reverse=True)
    assert len({(costs.delay, costs.gap) for costs in eager}) == 1


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nkind: laptop\nyear: 2021\nprocessor: slow\nlike: desktop-2022\nslowdown: 2.0\n"
        "sources: {slowdown: timed}\n",
        encoding="utf-8",
    )
    mine, base = load_host(str(path)).costs["eager"], load_host("desktop-2022").costs["eager"]
    assert mine.product == pytest.approx(2 * base.product)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("server-2032", "unknown host 'server-2032'; did you mean 'server-2023' or .*valid: .*server-2023"),
        ("none.yaml", "none.yaml: no such file; valid hosts: .*server-2023"),
    ],
)
def test_an_unknown_one_is_refused_in_one_line(name, message):
    with pytest.raises(SpecError, match=message) as error:
        load_host(name)
    assert "\n" not in str(error.value)


def test_a_refused_file_says_where(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(
        "name: bad\nkind: server\nyear: 2020\nprocessor: x\nlike: bad.yaml\nsources: {}\n", encoding="utf-8"
    )
    with pytest.raises(SpecError, match=r"bad\.yaml"):
        load_host(str(path))


def test_hosts_that_are_like_one_another(tmp_path):
    for one, other in (("a", "b"), ("b", "a")):
        text = f"name: {one}\nkind: server\nyear: 2020\nprocessor: x\nlike: {other}\nsources: {{}}\n"
        (tmp_path / f"{one}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match="like itself, by way of a and b"):
        load_host("a", tmp_path)
