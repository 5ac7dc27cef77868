"""Results for those who read them."""

import numpy as np
import pytest

from hw_specs.output import OutputError
from simulator.whatif.sweep.results import open_results
from simulator.whatif.sweep.run import sweep

pytest.importorskip("pyarrow")


@pytest.fixture
def results(study, tmp_path):
    return sweep(study, tmp_path, workers=1).results


def test_pandas_opens_the_folder_with_units_and_origin(results):
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(results.path)
    assert frame["design"].tolist() == list(range(20))
    assert frame.attrs["units"]["latency"] == "s"
    assert frame.attrs["origin"]["program"].startswith("roofcast ")
    assert frame.equals(results.to_pandas())
    assert results.to_pandas().attrs == frame.attrs


def test_xarray_has_fields_as_coordinates(results):
    pytest.importorskip("xarray")
    data = results.to_xarray()
    assert dict(data.sizes) == {"design": 20, "model": 1}
    assert data["memory.dram.bandwidth"].attrs["units"] == "B/s"
    assert data["memory.dram.bandwidth"].dims == ("design",)
    assert data["latency"].sel(model="stable-diffusion").min() > 0
    assert data.attrs["seed"] == "4"


def test_a_sample_has_whole_parts_at_equal_distances(results):
    every = results.sample(["design", "attention", "latency"], 1000)
    assert every["design"].tolist() == list(range(20))
    assert set(every["attention"]) == {"flash", "naive"}
    assert np.isfinite(every["latency"]).all()
    assert results.sample(["design"], 12)["design"].tolist() == [*range(8), *range(16, 20)]


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(OutputError, match="holds no results"):
        open_results(tmp_path)
