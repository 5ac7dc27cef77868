"""Chunks as tables: types, units, origin, and the same bytes each time."""

import io
import json

import pytest

from simulator.whatif.study.evaluation import Evaluator
from simulator.whatif.study.study import load_study
from simulator.whatif.sweep.tables import chunk_bytes, chunk_table, schema_of

from .conftest import CONTENT

pytest.importorskip("pyarrow")


def test_columns_have_types_units_and_an_origin(study):
    schema = schema_of(study)
    assert schema.names[:5] == ["design", "model", "memory.dram.bandwidth", "cores.count", "attention"]
    assert [str(schema.field(name).type) for name in ("memory.dram.bandwidth", "cores.count", "fits", "failure")] == [
        "double",
        "int64",
        "bool",
        "string",
    ]
    assert schema.field("latency").metadata == {b"unit": b"s"}
    assert schema.field("memory.dram.bandwidth").metadata == {b"unit": b"B/s"}
    origin = json.loads(schema.metadata[b"roofcast"])
    assert origin["program"].startswith("roofcast ")
    assert json.loads(origin["study"])["fields"]["attention"] == ["flash", "naive"]
    assert (origin["digest"], origin["seed"]) == (study.identity()["study"], "4")


def test_a_chunk_is_the_same_bytes_each_time(study):
    first, failures = chunk_bytes(Evaluator(study=study), 1)
    evaluator = Evaluator(study=study)
    chunk_bytes(evaluator, 0)
    assert chunk_bytes(evaluator, 1) == (first, 0)
    assert failures == 0


def test_rows_are_of_every_model_and_failures_among_them():
    import pyarrow.parquet as pq

    content = {"models": ["stable-diffusion", "llama2-7b"], "hw": "a100", "fidelity": "roofline"}
    content |= {"sampling": {"method": "list"}, "designs": [{"batch": 1}, {"attention": "flash3"}]}
    evaluator = Evaluator(study=load_study(content))
    data, failures = chunk_bytes(evaluator, 0)
    table = pq.read_table(io.BytesIO(data))
    assert failures == 2
    assert table.column("design").to_pylist() == [0, 1, 0, 1]
    assert table.column("model").to_pylist() == ["stable-diffusion"] * 2 + ["llama2-7b"] * 2
    assert table.column("batch").to_pylist() == [1, None, 1, None]
    assert [reason is None for reason in table.column("failure").to_pylist()] == [True, False] * 2
    assert table.column("latency").to_pylist()[1] is None
    assert table.equals(chunk_table(evaluator, 0)[0])


def test_a_seed_changes_the_designs(study):
    other = load_study(CONTENT | {"sampling": {"method": "latin-hypercube", "samples": 20, "seed": 5}})
    columns = [chunk_table(Evaluator(study=s), 0)[0].column("memory.dram.bandwidth") for s in (study, other)]
    assert columns[0] != columns[1]
