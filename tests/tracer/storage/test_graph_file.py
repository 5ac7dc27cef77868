"""Graphs on disk read back equal, and damage of any kind is one line."""

from __future__ import annotations

import io
import pickle
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.graph import Component, GraphError, Op, OpGraph, Stage, TensorSpec, Workload, attributes_from
from tracer.storage.graph_file import FORMAT_VERSION, load_graph, save_graph

_TEXT = st.text(min_size=0, max_size=12)
_NUMBER = st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False)
_PLAIN = st.booleans() | _NUMBER | _TEXT
_VALUE = st.none() | _PLAIN | st.lists(_PLAIN, max_size=3).map(tuple)
_DTYPES = st.sampled_from(["float16", "bfloat16", "float32", "int64", "bool", "complex64"])


@st.composite
def _tensors(draw) -> TensorSpec:
    shape = tuple(draw(st.lists(st.integers(0, 5000), max_size=4)))
    strided = draw(st.booleans())
    strides = tuple(draw(st.integers(0, 10**6)) for _ in shape) if strided else ()
    return TensorSpec(shape, draw(_DTYPES), strides)


_OPS = st.builds(
    Op,
    name=_TEXT,
    inputs=st.lists(_tensors(), max_size=3).map(tuple),
    outputs=st.lists(_tensors(), max_size=2).map(tuple),
    attributes=st.dictionaries(_TEXT, _VALUE, max_size=3).map(attributes_from),
)


@st.composite
def graphs(draw) -> OpGraph:
    """Any graph that keeps the contract: distinct operators, columns that point into them."""
    operators = tuple(draw(st.lists(_OPS, min_size=1, max_size=4, unique=True)))
    modules = tuple(draw(st.lists(_TEXT, min_size=1, max_size=3, unique=True)))
    num_storages = draw(st.integers(1, 5))

    def column(size: int, below: int) -> np.ndarray:
        return np.array([draw(st.integers(0, below - 1)) for _ in range(size)], dtype=np.int64)

    stages = []
    for index in range(draw(st.integers(1, 3))):
        calls = column(draw(st.integers(0, 6)), len(operators))
        forms = [(len(op.inputs), len(op.outputs)) for op in operators]
        alike = [[j for j, form in enumerate(forms) if form == forms[i]] for i in calls]
        grown = np.array([draw(st.sampled_from(a)) for a in alike], dtype=np.int64) if draw(st.booleans()) else None
        stages.append(
            Stage(
                name=f"stage {index}",
                component=draw(_TEXT),
                repeats=draw(st.integers(1, 2**40)),
                operators=calls,
                modules=column(len(calls), len(modules)),
                inputs=column(sum(len(operators[i].inputs) for i in calls), num_storages),
                outputs=column(sum(len(operators[i].outputs) for i in calls), num_storages),
                grown=grown,
            )
        )
    return OpGraph(
        name=draw(_TEXT),
        workload=Workload(
            batch=draw(st.integers(1, 10**9)),
            height=draw(st.none() | st.integers(1, 4096)),
            guidance_scale=draw(st.none() | st.floats(0, 100)),
            dtype=draw(_DTYPES),
        ),
        operators=operators,
        modules=modules,
        stages=tuple(stages),
        components=tuple(Component(f"c{i}", draw(st.integers(0, 2**50)), i) for i in range(draw(st.integers(0, 2)))),
        storage_bytes=np.array([draw(st.integers(0, 2**50)) for _ in range(num_storages)], dtype=np.int64),
        storage_roles=column(num_storages, 4),
        sources=tuple(draw(st.lists(_TEXT, max_size=2))),
    )


def _small() -> OpGraph:
    tensor = TensorSpec((2, 3), "float16")
    stage = Stage(
        name="only",
        component="model",
        repeats=2,
        operators=np.array([0, 0]),
        modules=np.array([0, 0]),
        inputs=np.array([0, 1, 1, 2]),
        outputs=np.array([2, 3]),
        grown=np.array([1, 1]),
    )
    grown = TensorSpec((2, 4), "float16")
    return OpGraph(
        name="small",
        workload=Workload(prompt_length=3),
        operators=(Op("aten::add", (tensor, tensor), (tensor,)), Op("aten::add", (grown, grown), (grown,))),
        modules=("model",),
        stages=(stage,),
        components=(Component("model", 0, 0),),
        storage_bytes=np.array([16, 16, 16, 16]),
        storage_roles=np.array([0, 2, 3, 3]),
    )


@pytest.fixture
def saved(tmp_path) -> Path:
    path = tmp_path / "graph.npz"
    save_graph(_small(), path)
    return path


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def _rewrite(path: Path, **changes: np.ndarray | None) -> None:
    """Replace arrays of a graph file, or leave them out where None."""
    arrays = {name: value for name, value in (_arrays(path) | changes).items() if value is not None}
    np.savez_compressed(path, **arrays)


def _rewrite_header(path: Path, **changes: object) -> None:
    header = msgspec.json.decode(_arrays(path)["header"].tobytes()) | changes
    _rewrite(path, header=np.frombuffer(msgspec.json.encode(header), dtype=np.uint8))


def _refusal(path: Path) -> str:
    with pytest.raises(GraphError) as caught:
        load_graph(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


@given(graph=graphs())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_any_graph_reads_back_equal(graph, tmp_path):
    path = tmp_path / "graph.npz"
    save_graph(graph, path)
    assert load_graph(path) == graph


def test_a_traced_graph_reads_back_equal(stable_diffusion_graph, tmp_path):
    path = tmp_path / "sd.npz"
    save_graph(stable_diffusion_graph, path)
    assert load_graph(path) == stable_diffusion_graph
    assert path.stat().st_size < 100_000  # 2,295 calls in 0.1 MB: the bundle of all workloads stays under 5 MB


def test_the_same_graph_makes_the_same_file(tmp_path):
    for name in ("a", "b"):
        save_graph(_small(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_saving_replaces_the_file_and_leaves_nothing_else(saved):
    save_graph(replace(_small(), name="other"), saved)
    assert load_graph(saved).name == "other"
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


def test_the_file_can_be_read_by_those_whom_the_umask_allows(saved):
    beside = saved.parent / "plain"
    beside.write_text("")
    assert stat.S_IMODE(saved.stat().st_mode) == stat.S_IMODE(beside.stat().st_mode)


def test_nothing_is_left_where_the_folder_is_missing(tmp_path):
    with pytest.raises(GraphError, match="cannot write: No such file or directory"):
        save_graph(_small(), tmp_path / "absent" / "graph.npz")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_where_a_folder_has_the_name(tmp_path):
    (tmp_path / "graph.npz").mkdir()
    with pytest.raises(GraphError, match="cannot write: "):
        save_graph(_small(), tmp_path / "graph.npz")
    assert [p.name for p in tmp_path.iterdir()] == ["graph.npz"]


def test_an_interrupted_write_keeps_the_old_file(saved, monkeypatch):
    before = saved.read_bytes()

    def broken(stream, **arrays):
        stream.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", broken)
    with pytest.raises(GraphError, match="cannot write: No space left on device"):
        save_graph(replace(_small(), name="new"), saved)
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


def test_a_missing_file(tmp_path):
    assert _refusal(tmp_path / "none.npz").endswith("no such file")


def test_a_folder(tmp_path):
    assert "is a folder; give a regular file" in _refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a graph", b"PK\x03\x04 nearly a zip", b"\x93NUMPY"])
def test_a_foreign_file(content, tmp_path):
    path = tmp_path / "foreign.npz"
    path.write_bytes(content)
    assert "not a graph file" in _refusal(path)


def test_an_archive_of_other_arrays(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, weights=np.zeros(3))
    assert _refusal(path).endswith("not a graph file: it has no header")


def test_a_single_array(tmp_path):
    path = tmp_path / "array.npz"
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))
    assert "not a graph file" in _refusal(path)


def test_pickles_are_never_opened(saved):
    class Harmful:
        def __reduce__(self):
            return (saved.unlink, ())

    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.array([Harmful()], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr("extra.npy", stream.getvalue())
    assert "not a graph file" in _refusal(saved)
    saved.write_bytes(pickle.dumps(Harmful()))
    assert "not a graph file" in _refusal(saved)
    assert saved.exists()


@pytest.mark.parametrize("part", [0.05, 0.3, 0.6, 0.95])
def test_a_truncated_file(saved, part):
    raw = saved.read_bytes()
    saved.write_bytes(raw[: int(part * len(raw))])
    assert "not a graph file" in _refusal(saved)


@given(position=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_byte_is_refused_or_does_no_harm(position, value, tmp_path):
    path = tmp_path / "graph.npz"
    save_graph(_small(), path)
    raw = bytearray(path.read_bytes())
    raw[int(position * len(raw))] = value
    path.write_bytes(raw)
    try:
        read = load_graph(path)
    except GraphError as error:
        lines = str(error).splitlines()
    else:
        assert read == _small()
        lines = ["unharmed"]
    assert len(lines) == 1


@pytest.mark.parametrize("version", [0, FORMAT_VERSION + 1, "1", None])
def test_another_version(saved, version):
    _rewrite_header(saved, version=version)
    assert f"written in version {version}; this program reads version {FORMAT_VERSION}" in _refusal(saved)


@pytest.mark.parametrize("header", [b"", b"{", b"[]", b"\xff\xfe", b'"text"'])
def test_a_header_that_is_no_object(saved, header):
    _rewrite(saved, header=np.frombuffer(header, dtype=np.uint8))
    assert "damaged header" in _refusal(saved)


@pytest.mark.parametrize(
    "change",
    [
        {"name": 3},
        {"workload": {"batch": "many"}},
        {"workload": {"batch": 0}},
        {"workload": {"dtype": "float17"}},
        {"operators": [{"name": "aten::add"}]},
        {"stages": None},
    ],
)
def test_a_header_with_wrong_fields(saved, change):
    _rewrite_header(saved, **change)
    assert "damaged header" in _refusal(saved)


def _operators_with(tensor: dict[str, object]) -> list[dict[str, object]]:
    plain = {"shape": [2, 3], "dtype": "float16"}
    add = {"name": "aten::add", "inputs": [plain, plain], "outputs": [plain]}
    return [add | {"outputs": [plain | tensor]}, add]


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        ({"shape": [2, -3]}, r"extents are not negative"),
        ({"strides": [1]}, "a tensor of rank 2 has 1 strides"),
        ({"dtype": "float17"}, "unknown dtype 'float17'"),
    ],
)
def test_tensors_that_cannot_be(saved, tensor, said):
    _rewrite_header(saved, operators=_operators_with(tensor))
    with pytest.raises(GraphError, match=said):
        load_graph(saved)


@pytest.mark.parametrize("name", ["stage0.operators", "stage0.grown", "stage0.inputs", "storage_bytes"])
def test_a_missing_column(saved, name):
    _rewrite(saved, **{name: None})
    assert _refusal(saved).endswith(f"column {name!r} is missing")


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("stage0.operators", [0, 2], "column operators points outside the graph"),
        ("stage0.operators", [0, -1], "column operators points outside the graph"),
        ("stage0.grown", [0, 9], "column grown points outside the graph"),
        ("stage0.modules", [0, 1], "column modules points outside the graph"),
        # Storages are written as differences: 0, 1, 1, 2 as 0, 1, 0, 1.
        ("stage0.inputs", [0, 1, 0, 9], "column inputs points outside the graph"),
        ("stage0.outputs", [2, -9], "column outputs points outside the graph"),
        ("stage0.modules", [0], "column modules has 1 entries; its calls need 2"),
        ("stage0.inputs", [0, 1, 0], "column inputs has 3 entries; its calls need 4"),
        ("stage0.outputs", [2, 1, 0], "column outputs has 3 entries; its calls need 2"),
        ("storage_roles", [0, 2, 3], "storages have 4 sizes and 3 roles"),
        ("storage_roles", [0, 2, 3, 7], "a storage has a negative size or an unknown role"),
        ("storage_bytes", [16, 16, 16, -1], "a storage has a negative size or an unknown role"),
    ],
)
def test_columns_that_do_not_fit(saved, name, values, said):
    _rewrite(saved, **{name: np.array(values, dtype=np.int32)})
    assert said in _refusal(saved)


@pytest.mark.parametrize("values", [np.array(["a", "b"]), np.array([["0", "1"], ["0", "x"]]), np.zeros((2, 2))])
def test_columns_of_another_kind(saved, values):
    _rewrite(saved, **{"stage0.operators": values})
    _refusal(saved)


def test_a_grown_call_with_fewer_tensors(saved):
    plain = {"shape": [2, 3], "dtype": "float16"}
    first = {"name": "aten::add", "inputs": [plain, plain], "outputs": [plain]}
    _rewrite_header(saved, operators=[first, first | {"inputs": [plain]}])
    assert _refusal(saved).endswith("a call has other tensors in the last repeat than in the first")


def test_a_stage_that_never_runs(saved):
    stage = {"name": "only", "component": "model", "repeats": 0, "grows": True}
    _rewrite_header(saved, stages=[stage])
    assert "stage 'only' runs 0 times" in _refusal(saved)


def test_a_file_of_the_first_release_is_read() -> None:
    """Made by this program, before operators were declared in one room, from a Linear, a ReLU and a LayerNorm."""
    graph = load_graph(Path(__file__).parent / "data" / "version_1.npz")
    assert [graph.operators[i].name for i in graph.stages[0].operators] == [
        "aten::t",
        "aten::addmm",
        "aten::relu",
        "aten::native_layer_norm",
    ]
    assert graph.num_parameters == 8 * 16 + 16 + 16 + 16


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("storage_bytes", np.array([2**62, 2**62]), "storages hold|sizes and"),
        ("stage0.operators", np.array([0.0]), "operators holds no whole numbers"),
        ("stage0.operators", np.array([True]), "operators holds no whole numbers"),
        ("stage0.operators", np.array(0), "is no row of numbers"),
        ("stage0.operators", np.array([2**63], dtype=np.uint64), "points outside|entries"),
        ("weights", np.zeros(3), "it holds 'weights', which is no column of one"),
    ],
)
def test_columns_that_are_none(saved, column, values, message):
    _rewrite(saved, **{column: values})
    with pytest.raises(GraphError, match=message):
        load_graph(saved)
