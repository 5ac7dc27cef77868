import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_specs import CalibrationPool, load_accelerator
from simulator.cost import kernel_times
from simulator.cost.hardware.power import power_share
from simulator.kernels import AttentionAlgorithm
from validation.measured import tables
from validation.measured.tables import MeasurementError, is_device, read_measured, read_tables

_A100 = "NVIDIA A100-SXM4-80GB"
_HEADER = "device,op,input_shapes,dtype,attributes,latency_s,kernel,source\n"


def _line(
    op, shapes, dtype="bfloat16", attributes=None, latency=1e-5, kernel="", source="aiconfigurator", device=_A100
):
    quoted = [json.dumps(x).replace('"', '""') for x in (shapes, attributes or {})]
    return f'{device},{op},"{quoted[0]}",{dtype},"{quoted[1]}",{latency},{kernel},{source}\n'


@pytest.fixture
def read(tmp_path):
    def build(*lines):
        path = tmp_path / "measured.csv"
        path.write_text(_HEADER + "".join(lines), encoding="utf-8")
        return read_measured(path)

    return build


def test_linear_by_hand(read):
    rows = read(_line("aten::linear", [[4, 8, 32], [16, 32]]))
    (table,) = rows.kernels.tables
    assert (table.m[0], table.n[0], table.k[0]) == (32, 16, 32)
    assert table.matrix_flops[0] == 2 * 32 * 16 * 32
    assert table.bytes_read[0] == (32 * 32 + 16 * 32) * 2
    assert table.bytes_written[0] == 32 * 16 * 2
    assert rows.accelerator.name == "A100-SXM4-80GB"


def test_weights_stay_cold_unless_their_copies_fit(read):
    (small,) = read(_line("aten::linear", [[1, 512], [512, 512]])).kernels.tables
    (large,) = read(_line("aten::linear", [[1, 8192], [8192, 8192]])).kernels.tables
    assert small.resident_bytes[0] == small.bytes_read[0]
    assert large.resident_bytes[0] == 8192 * 2


def test_eight_bit_linear_quantises_first(read):
    rows = read(_line("aten::linear", [[128, 256], [64, 256]], dtype="float8_e4m3fn", device="NVIDIA H100 SXM"))
    assert rows.kernels.name == ("quantize", "gemm")
    assert rows.row.tolist() == [0, 0]
    assert rows.kernels.tables[1].bytes_written[0] == 128 * 64 * 2
    assert rows.per_row(np.array([1.0, 2.0])).tolist() == [3.0]


def test_fp32_products_run_on_vector_units_and_neusights_axes_are_exchanged(read):
    line = _line("aten::bmm", [[21, 31, 18], [21, 18, 870]], dtype="float32", source="neusight", device="NVIDIA T4")
    (table,) = read(line).kernels.tables
    assert table.matrix_flops[0] == 0
    assert (table.batch[0], table.m[0], table.n[0], table.k[0]) == (21, 31, 18, 870)
    assert table.vector_flops[0] == 2 * 21 * 31 * 18 * 870


@pytest.mark.parametrize(
    ("kernel", "algorithm", "names"),
    [
        ("vllm_vit_flash_attn_fa2", AttentionAlgorithm.FLASH2, ("fused_attention",)),
        ("vllm_flash_attn_fa2", AttentionAlgorithm.FLASH2_PAGED, ("fused_attention", "paged_cache_write")),
        ("vllm_flash_attn_fa3", AttentionAlgorithm.FLASH3, ("fused_attention", "paged_cache_write")),
    ],
)
def test_attention_names_its_implementation(read, kernel, algorithm, names):
    shapes = [[2, 8, 64, 128], [2, 2, 64, 128], [2, 2, 64, 128]]
    table = read(
        _line("aten::scaled_dot_product_attention", shapes, attributes={"is_causal": True}, kernel=kernel)
    ).kernels
    assert table.name == names
    attention = table.tables[0]
    assert attention.algorithm[0] == algorithm
    assert (attention.num_heads[0], attention.heads_per_key_head[0], attention.causal[0]) == (16, 4, True)


def test_convolution_keeps_its_image(read):
    attributes = {"stride": [1, 1], "padding": [1, 1]}
    line = _line(
        "aten::conv2d", [[2, 3, 8, 6], [16, 3, 3, 3]], "float32", attributes, source="neusight", device="NVIDIA T4"
    )
    (table,) = read(line).kernels.tables
    assert (table.output_height[0], table.output_width[0]) == (8, 6)
    assert (table.positions[0], table.reduced_length[0]) == (96, 27)
    assert table.vector_flops[0] == 2 * 96 * 16 * 27
    assert table.winograd[0]


def test_elementwise_and_rows(read):
    lines = [
        _line("aten::add", [[10, 20], [10, 20]], "float32", source="neusight", device="NVIDIA T4"),
        _line("aten::softmax", [[10, 20]], "float32", {"dim": -1}, source="neusight", device="NVIDIA T4"),
    ]
    table = read(*lines).kernels
    assert table.bytes.tolist() == [3 * 800, 2 * 800]
    assert table.kind == ("elementwise", "softmax")
    assert (table.tables[1].rows[0], table.tables[1].row_length[0]) == (10, 20)


def test_faster_of_two_equal_messages_has_one_byte_elements(read):
    lines = [
        _line("c10d::all_reduce", [[1024]], "float16", {"num_gpus": 8}, latency=latency) for latency in (2e-5, 1e-5)
    ]
    assert read(*lines).kernels.tables[0].message_bytes.tolist() == [2048, 1024]


def test_rows_that_cannot_be_read_are_counted(read):
    rows = read(
        _line("aten::linear", [[4, 8], [16, 8]]),
        _line("aten::fft", [[4, 8]]),
        _line("aten::fft", [[4, 8]]),
        _line("aten::linear", [[4, -8], [16, 8]]),
        _line("aten::linear", [[4, 8], [16, 8]], latency=0.0),
    )
    assert len(rows) == 1
    assert sum(rows.skipped.values()) == 4
    assert rows.skipped["aten::fft: no result follows from the shapes and attributes"] == 2


def test_select_keeps_kernels_with_their_rows(read):
    lines = [_line("aten::linear", [[m, 8], [16, 8]], "float8_e4m3fn", device="NVIDIA H100 SXM") for m in (1, 2, 3)]
    part = read(*lines).select(np.array([0, 2]))
    assert part.kernels.name == ("quantize", "gemm") * 2
    assert part.kernels.tables[1].m.tolist() == [1, 3]
    assert part.row.tolist() == [0, 0, 1, 1]
    assert len(part.op) == 2


def test_bad_files_are_one_line(tmp_path, read):
    with pytest.raises(MeasurementError, match="expected rows of one device, got NVIDIA A100-SXM4-80GB, NVIDIA T4"):
        read(_line("aten::add", [[1]]), _line("aten::add", [[1]], device="NVIDIA T4"))
    with pytest.raises(MeasurementError, match="no rows"):
        read()
    with pytest.raises(MeasurementError, match="fancy"):
        read(_line("aten::add", [[1]], device="fancy"))
    (tmp_path / "short.csv").write_text("device,op\n", encoding="utf-8")
    with pytest.raises(MeasurementError, match="lacks the columns input_shapes"):
        read_measured(tmp_path / "short.csv")
    with pytest.raises(MeasurementError, match="cannot be read"):
        read_measured(tmp_path / "absent.csv")


def test_each_device_of_a_file_is_a_table(tmp_path):
    path = tmp_path / "several.csv"
    lines = [_line("aten::relu", [[8]], device=device) for device in (_A100, "NVIDIA T4", "fancy", _A100)]
    path.write_text(_HEADER + "".join(lines), encoding="utf-8")
    a100, t4 = read_tables(path)
    assert (len(a100), len(t4)) == (2, 1)
    ((reason, count),) = a100.skipped.items()
    assert "no accelerator 'fancy'" in reason
    assert count == 1
    assert is_device(t4, "t4")
    assert not is_device(t4, "v100")
    assert not is_device(t4, "fancy")


def test_a_device_of_no_catalogue_may_be_given(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(_HEADER + _line("aten::relu", [[8]], device="This machine"), encoding="utf-8")
    (table,) = read_tables(path, load_accelerator("xeon_8480plus"))
    assert (table.device, table.accelerator.name) == ("This machine", "Xeon-8480plus")


def test_formats_that_a_part_lacks_are_counted(read):
    rows = read(_line("aten::linear", [[4, 8], [16, 8]], "float8_e4m3fn"), _line("aten::linear", [[4, 8], [16, 8]]))
    assert len(rows) == 1
    assert any("fp8" in reason and "A100" in reason for reason in rows.skipped)


def test_products_run_on_the_units_that_a_part_has_for_them(read):
    # CDNA 2 multiplies fp32 matrices on matrix units (AMD CDNA 2 whitepaper); Pascal has none, not even for fp16.
    line = {"source": "neusight", "dtype": "float32"}
    amd = read(_line("aten::bmm", [[2, 4, 8], [2, 8, 4]], device="AMD MI210", **line)).kernels
    assert (amd.matrix_flops[0] > 0, amd.vector_flops[0]) == (True, 0.0)
    pascal = read(_line("aten::mm", [[4, 8], [8, 4]], dtype="float16", device="Tesla P100-PCIE-16GB")).kernels
    assert (pascal.matrix_flops[0], pascal.vector_flops[0]) == (0.0, 2 * 4 * 8 * 4)


def test_gzip_is_read(tmp_path):
    path = tmp_path / "measured.csv.gz"
    path.write_bytes(gzip.compress((_HEADER + _line("aten::linear", [[4, 8], [16, 8]])).encode()))
    assert len(read_measured(path)) == 1


def test_float32_products_of_cdna_run_on_matrix_units(read):
    line = _line("aten::linear", [[4, 32], [16, 32]], dtype="float32", source="neusight", device="AMD MI100")
    assert read(line).kernels.matrix_flops.tolist() == [2 * 4 * 16 * 32]


def test_half_products_of_a_part_without_matrix_units_run_on_vector_units(read):
    table = read(_line("aten::linear", [[4, 32], [16, 32]], dtype="float16", device="Tesla P100")).kernels
    assert (table.matrix_flops[0], table.vector_flops[0]) == (0, 2 * 4 * 16 * 32)


_FIELD = st.one_of(
    st.text(alphabet=st.characters(exclude_characters='"\x00\r', exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(
        ["[[4, 8], [16, 8]]", "[[]]", "[1]", "[[1e9]]", "[[true]]", "{}", "[]", "{'dim': 7}", "1e-5", "-1", "float16"]
    ),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), st.lists, max_leaves=6).map(
        json.dumps
    ),
)
_OPS = st.sampled_from(
    [
        *(
            "aten::conv2d",
            "aten::group_norm",
            "aten::linear",
            "aten::bmm",
            "aten::embedding",
            "aten::cat",
            "aten::softmax",
        ),
        "aten::scaled_dot_product_attention",
        "aten::nothing",
        "",
        "c10d::all_reduce",
    ]
)


@given(
    op=_OPS,
    shapes=_FIELD,
    dtype=st.sampled_from(["float16", "float32", "float8_e4m3fn", "int8", "bool", "", "x"]),
    attributes=_FIELD,
    latency=_FIELD,
    source=st.sampled_from(["roofcast", "neusight", "aiconfigurator", ""]),
)
def test_any_row_is_read_or_counted(
    tmp_path_factory: pytest.TempPathFactory,
    op: str,
    shapes: str,
    dtype: str,
    attributes: str,
    latency: str,
    source: str,
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.csv"
    fields = [field.replace('"', '""') for field in ("NVIDIA T4", op, shapes, dtype, attributes, latency, "", source)]
    path.write_text(_HEADER + ",".join(f'"{field}"' for field in fields) + "\n", encoding="utf-8")
    (table,) = read_tables(path)
    assert len(table) + table.skipped.total() == 1


def test_a_hot_card_has_the_power_of_the_rate_that_it_kept_up(read):
    line = _line("aten::linear", [[64, 64], [64, 64]], dtype="float32", source="neusight", device="NVIDIA T4")
    hot, cool = read(line), read(line.replace("neusight", "vidur"))
    limits = [rows.hardware(CalibrationPool.empty()).power_limit[0] for rows in (hot, cool)]
    assert limits[1] == pytest.approx(0.98 * 70)
    idle = hot.hardware(CalibrationPool.empty()).power_idle[0]
    assert limits[0] - idle == pytest.approx(power_share(hot.accelerator, "vector", 3.3e12) * (limits[1] - idle))
    assert 0.3 < power_share(hot.accelerator, "vector", 3.3e12) < 0.8


def test_a_controller_sees_as_many_calls_as_a_source_makes(read):
    attention = _line("aten::scaled_dot_product_attention", [[1, 8, 64, 64]] * 3, source="aiconfigurator")
    linear = _line("aten::linear", [[64, 64], [64, 64]], source="aiconfigurator")
    rows = read(linear + attention)
    # Nine calls of an operator; of a linear layer, nine of each of six copies.
    assert sorted(set(rows.calls_in_a_row().tolist())) == [9.0, 54.0]
    assert rows.unknown_data().tolist() == [True, False]


def test_operands_that_nobody_knows_are_predicted_between_clock_and_limit(read):
    # 32768 x 16384 x 16384 keeps an L4 at its limit: half the way, by ratio, from the boost clock.
    shapes = [[32768, 16384], [16384, 16384]]
    unknown, noise = (
        read(_line("aten::linear", shapes, source=name, device="NVIDIA L4")) for name in ("aiconfigurator", "vidur")
    )
    pool, kernels = CalibrationPool.empty(), unknown.kernels
    free = kernel_times(kernels, unknown.hardware(pool).at_boost()).time[0, 0]
    limited = kernel_times(kernels, unknown.hardware(pool).repeated(54.0)).time[0, 0]
    assert free < 0.9 * limited
    assert unknown.costs(kernels, pool)[0][0] == pytest.approx((free * limited) ** 0.5)
    assert noise.costs(kernels, pool)[0][0] == pytest.approx(limited, rel=0.01)


def test_blocks_of_kernels_have_the_times_of_all(read, monkeypatch):
    sizes = (64, 300, 1024, 5000)
    rows = read(*(_line("aten::linear", [[m, 1024], [1024, 1024]]) for m in sizes), _line("aten::add", [[999]] * 2))
    whole = rows.costs(rows.kernels, CalibrationPool.empty())
    monkeypatch.setattr(tables, "_BLOCK", 2)
    for one, other in zip(whole, rows.costs(rows.kernels, CalibrationPool.empty()), strict=True):
        assert (other > 0).all()
        np.testing.assert_array_equal(one, other)
