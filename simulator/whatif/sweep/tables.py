"""Chunks of designs as tables: columns with units, rows with figures or a reason, and where the figures come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.whatif.study.evaluation import Evaluator, columns_of, figure_units
from simulator.whatif.study.fields import NumberField
from simulator.whatif.study.study import Study

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["chunk_bytes", "chunk_table", "schema_of"]


def chunk_bytes(evaluator: Evaluator, number: int) -> tuple[bytes, int]:
    """Part of a chunk as the bytes of its file, and how many of its rows failed.

    They are the same wherever and whenever they are made by the same program on the same kind of processor.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table, failures = chunk_table(evaluator, number)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes(), failures


def chunk_table(evaluator: Evaluator, number: int) -> tuple[pa.Table, int]:
    """Rows of a chunk, model by model, and how many of them failed."""
    import pyarrow as pa

    study = evaluator.study
    start, stop = study.chunk(number)
    groups = list(study.designs.groups(start, stop))
    columns = columns_of(study, groups, stop - start)
    tables, failures = [], 0
    schema = schema_of(study)
    for model in study.file.models:
        rows = evaluator.evaluate(model, groups, stop - start)
        failures += sum(reason is not None for reason in rows.failure)
        known = {"design": np.arange(start, stop), **columns, **rows.figures}
        arrays = [_array(field, known, model, rows.failure) for field in schema]
        tables.append(pa.Table.from_arrays(arrays, schema=schema))
    return pa.concat_tables(tables).combine_chunks(), failures


def _array(field: pa.Field, known: Mapping[str, Any], model: str, failure: Any) -> pa.Array:
    import pyarrow as pa

    if field.name == "model":
        return pa.array([model] * len(failure), type=field.type)
    if field.name == "failure":
        return pa.array(list(failure), type=field.type)
    values = known[field.name]
    if pa.types.is_boolean(field.type):
        return pa.array([None if np.isnan(value) else bool(value) for value in values], type=field.type)
    if values.dtype == object:
        texts = pa.types.is_string(field.type)
        return pa.array([str(v) if texts and v is not None else v for v in values], type=field.type)
    return pa.array(values, type=field.type, mask=np.isnan(values))


def schema_of(study: Study) -> pa.Schema:
    """Columns of the results with units, and where the figures come from."""
    import pyarrow as pa

    fields = [pa.field("design", pa.int64()), pa.field("model", pa.string())]
    for each in study.fields:
        if isinstance(each, NumberField):
            fields.append(_with_unit(each.name, pa.float64() if each.unit else pa.int64(), each.unit or "1"))
        else:
            fields.append(pa.field(each.name, _type_of(each.values)))
    units = figure_units(study)
    kinds = {"fits": pa.bool_(), "peak_memory": pa.int64()}
    fields += [_with_unit(name, kinds.get(name, pa.float64()), unit) for name, unit in units.items()]
    fields.append(pa.field("failure", pa.string()))
    return pa.schema(fields, metadata=_provenance(study))


def _with_unit(name: str, kind: pa.DataType, unit: str) -> pa.Field:
    import pyarrow as pa

    return pa.field(name, kind, metadata={"unit": unit})


def _type_of(values: tuple[object, ...]) -> pa.DataType:
    import pyarrow as pa

    if all(isinstance(value, int) for value in values):
        return pa.int64()
    return pa.float64() if all(isinstance(value, int | float) for value in values) else pa.string()


def _provenance(study: Study) -> dict[str, str]:
    """Metadata of the schema; pandas shows its own key as the attributes of a frame."""
    identity = study.identity()
    origin = {
        "program": f"roofcast {identity['program']}",
        "study": json.dumps(study.file.model_dump(mode="json")),
        "digest": identity["study"],
        "accelerators": identity["accelerators"],
        "calibrations": identity["calibrations"],
        "calibrated": study.calibrated_on() or "",
        "seed": str(study.file.sampling.seed),
    }
    units = {each.name: each.unit or "1" for each in study.numbers} | figure_units(study)
    return {"roofcast": json.dumps(origin), "PANDAS_ATTRS": json.dumps({"units": units, "origin": origin})}
