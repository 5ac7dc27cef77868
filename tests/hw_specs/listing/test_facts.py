import json

from hw_specs import apply_overrides, load_accelerator
from hw_specs.listing.facts import LIST_COLUMNS, as_record, facts, list_row, readable_row

A100 = load_accelerator("a100")


def test_row_in_si_units() -> None:
    row = list_row(A100)
    assert list(row) == list(LIST_COLUMNS)
    assert row["bf16"] == 312e12
    assert row["bandwidth"] == 2.039e12


def test_row_for_readers() -> None:
    assert readable_row(list_row(A100)) == [
        "A100-SXM4-80GB",
        "NVIDIA",
        "ampere",
        "2020",
        "312 TFLOP/s",
        "312 TFLOP/s",
        "80 GiB",
        "2.039 TB/s",
        "400 W",
    ]


def test_vector_rate_where_there_is_no_matrix_unit_and_a_dash_where_nothing_is_known() -> None:
    row = readable_row(list_row(load_accelerator("p100")))
    assert row[4:6] == ["-", "18.7 TFLOP/s"]


def test_facts() -> None:
    known = {fact.path: fact for fact in facts(A100)}
    assert known["peak.matrix.bf16"].readable() == "312 TFLOP/s"
    assert known["peak.matrix.int8"].readable() == "624 TOP/s"
    assert known["memory.shared.capacity"].remark == "per SM"
    assert known["memory.l2.capacity"].remark == ""
    assert known["ridge.bf16"].readable() == "153 FLOP/B"
    assert known["cores.count"].value == 108
    assert "memory.llc.capacity" not in known
    assert len(known) == len(list(facts(A100)))


def test_disputed_values_are_marked() -> None:
    known = {fact.path: fact.remark for fact in facts(load_accelerator("h20"))}
    assert known["peak.vector.fp32"] == "disputed"


def test_record_is_json_and_complete() -> None:
    changed = apply_overrides(A100, ["memory.dram.bandwidth=2x"])
    record = json.loads(json.dumps(as_record(changed)))
    assert record["hypothetical"] is True
    assert record["memory"]["dram"]["bandwidth"] == 2 * 2.039e12
    assert record["ridge"]["bf16"] == 312e12 / (2 * 2.039e12)
    assert record["traits"]["cache_bytes_per_clock"]["value"] == 32.0
    assert record["traits"]["tiles.matrix"]["value"] == "warp"
