"""Results of a study for those who read them: an Arrow table, a pandas frame or an xarray data set, with units."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hw_specs.output import OutputError

from .folder import MANIFEST

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import xarray as xr

__all__ = ["Results", "open_results"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Results of a study as they lie in a folder."""

    path: Path

    def table(self, columns: list[str] | None = None) -> pa.Table:
        """All rows as an Arrow table, by design and model."""
        import pyarrow.parquet as pq

        return pq.ParquetDataset(self._parts()).read(columns=columns)

    def sample(self, columns: list[str], most: int) -> dict[str, NDArray[Any]]:
        """Some columns of the rows, or of parts of them at equal distances where there are more than `most`."""
        import pyarrow.parquet as pq

        parts = self._parts()
        rows = len(parts) * pq.read_metadata(parts[0]).num_rows
        chosen = parts[:: max(-(-rows // most), 1)]
        table = pq.ParquetDataset(chosen).read(columns=columns)
        return {name: _values(table.column(name)) for name in columns}

    def _parts(self) -> list[Path]:
        parts = sorted(self.path.glob("part-*.parquet"))
        if not parts:
            raise OutputError(f"{self.path}: holds no results; give the folder that a sweep wrote")
        return parts

    def to_pandas(self) -> pd.DataFrame:
        """All rows as a frame; units and origin are among its attributes."""
        table = self.table()
        frame: pd.DataFrame = table.to_pandas()
        frame.attrs = json.loads((table.schema.metadata or {}).get(b"PANDAS_ATTRS", b"{}"))
        return frame

    def to_xarray(self) -> xr.Dataset:
        """Figures by design and model, fields as coordinates, with units; origin among the attributes."""
        frame = self.to_pandas()
        units: Mapping[str, str] = frame.attrs.get("units", {})
        data = frame.set_index(["design", "model"]).to_xarray()
        figures = [str(name) for name in data.data_vars]
        coordinates = figures[: figures.index("latency")]
        for name in coordinates:
            data = data.assign_coords({name: data[name].isel(model=0, drop=True)})
        for name in (*coordinates, *data.data_vars):
            data[name].attrs["units"] = units.get(str(name), "")
        data.attrs.update(frame.attrs.get("origin", {}))
        return data


def _values(column: pa.ChunkedArray) -> NDArray[Any]:
    """Numbers as floats, NaN where there is none; texts as objects."""
    import pyarrow as pa

    if pa.types.is_string(column.type):
        return np.array(column.to_pylist(), dtype=object)
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def open_results(path: str | Path) -> Results:
    """Results that a sweep wrote to a folder.

    Raises
    ------
    OutputError
        The folder holds none.
    """
    folder = Path(path)
    if not (folder / MANIFEST).is_file():
        raise OutputError(f"{folder}: holds no results; give the folder that a sweep wrote")
    return Results(path=folder)
