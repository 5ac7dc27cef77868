"""``whatif compare``: its rows as JSON and as a table of 80 columns."""

from __future__ import annotations

import json

import pytest

_SD = ("compare", "--model", "stable-diffusion", "--hw", "a100")


@pytest.fixture
def rows(run):
    """Function that runs the command and returns its JSON."""
    return lambda *arguments: json.loads(run(*_SD, *arguments, "--format", "json").out)


def test_json_has_a_row_for_every_combination(rows) -> None:
    found = rows("--hw", "h100", "--execution", "eager", "--execution", "compiled")
    keys = "model accelerator settings latency interval ratio ratio_interval faster overlap unmeasured energy"
    assert all(list(row)[:11] == keys.split() for row in found)
    assert len(found) == 4
    assert [row["settings"] for row in found] == [{"execution": "eager"}, {"execution": "compiled"}] * 2
    assert found[0]["ratio"] == 1
    assert found[0]["ratio_interval"] == [1, 1]
    assert found[3]["ratio"] == pytest.approx(found[0]["latency"] / found[3]["latency"])
    assert found[3]["ratio_interval"][0] < found[3]["ratio"] < found[3]["ratio_interval"][1]
    assert found[3]["interval"][0] < found[3]["latency"] < found[3]["interval"][1]


def test_a_row_is_what_simulate_predicts(rows) -> None:
    from hw_specs import load_accelerator
    from simulator import simulate
    from tracer import graph_of

    report = simulate(graph_of("stable-diffusion", {"batch": 1}), load_accelerator("a100")).report
    (row,) = rows("--batch", 1)
    assert row["latency"] == report.latency
    assert row["energy"] == report.energy.energy
    assert row["settings"] == {}


def test_changes_are_set_beside_the_accelerator_as_it_is(rows) -> None:
    found = rows("--set", "memory.dram.bandwidth=2x", "--set", "cores.clock=1.1x")
    assert len(found) == 2
    assert found[1]["ratio"] > 1
    assert found[1]["accelerator"].endswith("(memory.dram.bandwidth=2x, cores.clock=1.1x)")


def test_a_bound_has_no_intervals(rows) -> None:
    (row,) = rows("--fidelity", "roofline")
    assert row["interval"] is row["ratio_interval"] is row["energy"] is None


def test_the_table_keeps_to_80_columns(run) -> None:
    done = run(*_SD, "--hw", "h100", "--hw", "a100_pcie_80gb", "--batch", 1, "--dtype", "fp16", "--dtype", "bf16")
    assert done.status == 0
    assert max(map(len, done.out.splitlines())) <= 80
    assert "held back by" in done.out
    assert "Not certain: the order of " in done.out


def test_costs_stand_there_where_a_part_has_a_price(run, tmp_path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("name: Mine\nextends: a100\nsources: [me]\nprice: {base: 100, per: {cores.count: 2}}\n")
    plain, priced = json.loads(run(*_SD, "--hw", mine, "--format", "json").out)
    assert plain["cost"] is None
    assert priced["cost"] == 100 + 2 * 108
    assert "  316" in run(*_SD, "--hw", mine).out


def test_a_format_that_a_part_lacks_is_replaced_with_a_remark(run) -> None:
    arguments = ("compare", "--model", "flux-dev", "--hw", "h100", "--hw", "t4", "--dtype", "auto")
    done = run(*arguments, "--format", "json")
    assert [row["settings"] for row in json.loads(done.out)] == [{"dtype": "bf16"}, {"dtype": "fp16"}]
    assert done.err == "flux-dev is in bf16, which T4 lacks: fp16 in its place\n"
