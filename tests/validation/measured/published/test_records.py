from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hw_specs import load_accelerator
from simulator.kernels import Attention, AttentionAlgorithm, Product
from validation.measured.published.lines import load_kernels
from validation.measured.published.records import holds_kernels, is_published, published_calls, record_of, strides_of
from validation.measured.row import row_of
from validation.measured.row_kernels import row_kernels
from validation.measured.tables import MeasurementError, read_tables
from validation.published.names import Unmappable, load_names

FLASH = {
    "id": "fa-1",
    "model": "attention microbench",
    "component": "kernel",
    "device": "NVIDIA H100 80GB SXM5",
    "precision": "fp16",
    "attention_impl": "flash2",
    "compile": "",
    "batch": "4",
    "height": "",
    "width": "",
    "metric": "TFLOPs",
    "value": "400.0",
    "source": "github.com/Dao-AILab/flash-attention@0:assets/flash3_fp16_fwd.png",
    "notes": "q=A; fwd; seqlen 4096, head_dim 128, heads 16, causal=False; read from bar labels",
}
PRODUCT = FLASH | {
    "model": "GEMM",
    "device": "NVIDIA V100-SXM2 (DGX-1)",
    "precision": "fp16 in/fp32 acc",
    "attention_impl": "",
    "compile": "cublas",
    "batch": "",
    "metric": "seconds",
    "value": "2e-3",
    "source": "github.com/baidu-research/DeepBench@0:results/train",
    "notes": "q=A; M=1760 N=64 K=2048 op NN",
}
CONVOLUTION = PRODUCT | {
    "model": "conv2d fwd",
    "compile": "cudnn",
    "batch": "8",
    "height": "28.0",
    "width": "14.0",
    "notes": "q=A; W=14 H=28 C=64 N=8 K=128 filter 3x3 pad 1,1 stride 2; algo WINOGRAD",
}
TF32 = PRODUCT | {
    "device": "NVIDIA H100 SXM (sm_90)",
    "precision": "tf32",
    "compile": "xla",
    "batch": "1",
    "metric": "TFLOPs",
    "value": "400",
    "source": "github.com/tensorflow/tensorflow@0:third_party/xla/matmul_interpolator_data.h",
    "notes": "q=A; M=4096 N=2048 K=1024; measured table used by XLA cost model",
}


def record(row: dict[str, str]) -> dict[str, str]:
    return dict(record_of(row, load_names(), load_kernels()))


def test_attention_by_hand() -> None:
    made = record(FLASH)
    assert json.loads(made["input_shapes"]) == [[4, 16, 4096, 128]] * 3
    assert json.loads(made["attributes"])["input_strides"] == [[4096 * 16 * 128, 128, 16 * 128, 1]] * 3
    assert float(made["latency_s"]) == pytest.approx(4 * 4 * 16 * 4096**2 * 128 / 400e12)
    assert (made["device"], made["dtype"], made["source"]) == ("H100-SXM5-80GB", "float16", "flash-attention flash2")
    (kernel,) = row_kernels(row_of(made), load_accelerator("h100"))
    assert isinstance(kernel, Attention)
    assert kernel.algorithm == AttentionAlgorithm.FLASH2
    assert kernel.matrix_flops == 4 * 4 * 16 * 4096**2 * 128


def test_a_causal_mask_halves_what_the_source_counts() -> None:
    causal = record(FLASH | {"notes": FLASH["notes"].replace("False", "True")})
    assert float(causal["latency_s"]) == pytest.approx(float(record(FLASH)["latency_s"]) / 2)
    assert json.loads(causal["attributes"])["is_causal"] is True


def test_a_backward_pass_is_counted_as_two_and_a_half_forward_ones() -> None:
    both = record(FLASH | {"notes": FLASH["notes"].replace("fwd", "fwd+bwd")})
    assert float(both["latency_s"]) == pytest.approx(3.5 * float(record(FLASH)["latency_s"]))
    assert json.loads(both["attributes"])["backward"] is True


def test_plain_attention_makes_its_mask_in_every_call() -> None:
    naive = FLASH | {"attention_impl": "naive"}
    masked = naive | {"notes": naive["notes"].replace("False", "True")}
    plain, causal = (
        [k.name for k in row_kernels(row_of(record(r)), load_accelerator("h100"))] for r in (naive, masked)
    )
    assert "attention_softmax" in plain
    assert "attention_mask" not in plain
    assert causal[-len(plain) - 1 :] != plain
    assert len(causal) == len(plain) + 4


def test_products_lie_as_the_library_has_them() -> None:
    """Column by column: C is M x N there, and N x M row by row."""
    made = record(PRODUCT)
    assert json.loads(made["input_shapes"]) == [[64, 2048], [2048, 1760]]
    assert float(made["latency_s"]) == 2e-3
    (kernel,) = row_kernels(row_of(made), load_accelerator("v100"))
    assert isinstance(kernel, Product)
    assert (kernel.m, kernel.n, kernel.k) == (64, 1760, 2048)


def test_tf32_products_round_their_operands() -> None:
    made = record(TF32)
    (kernel,) = row_kernels(row_of(made), load_accelerator("h100"))
    assert kernel.number_format == "tf32"
    assert float(made["latency_s"]) == pytest.approx(2 * 4096 * 2048 * 1024 / 400e12)


def test_convolutions_are_read_off_the_notes() -> None:
    made = record(CONVOLUTION)
    assert json.loads(made["input_shapes"]) == [[8, 64, 28, 14], [128, 64, 3, 3]]
    assert json.loads(made["attributes"]) == {"stride": [2, 2], "padding": [1, 1]}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            FLASH | {"attention_impl": "naive", "notes": FLASH["notes"].replace("fwd", "fwd+bwd")},
            "backward pass of separate products",
        ),
        (FLASH | {"notes": FLASH["notes"].replace("fwd", "bwd")}, "backward pass of attention without the forward one"),
        (FLASH | {"attention_impl": "triton"}, "attention kernel is not modelled"),
        (FLASH | {"attention_impl": "flash1"}, "attention kernel is not modelled: FlashAttention 1"),
        (FLASH | {"attention_impl": "sdpa"}, "attention kernel is not stated or not modelled: sdpa"),
        (FLASH | {"batch": ""}, "shape is not stated: no batch"),
        (FLASH | {"notes": "q=A; fwd"}, "shape or layout of the call is not stated"),
        (FLASH | {"component": "e2e"}, "row of a whole run"),
        (FLASH | {"precision": "int3"}, "precision is not modelled"),
        (FLASH | {"precision": ""}, "number format of the call is not stated"),
        (FLASH | {"value": "fast"}, "value is not a number"),
        (FLASH | {"value": "-1"}, "value is not positive"),
        (FLASH | {"device": "Abacus"}, "device is not in hw_specs"),
        (PRODUCT | {"metric": "images_per_s"}, "metric is no time and no rate of one call"),
        (FLASH | {"batch": "many"}, "batch is no positive whole number"),
    ],
)
def test_a_row_that_does_not_say_it_is_counted_with_its_reason(row: dict[str, str], reason: str) -> None:
    records, left_out = published_calls([row])
    assert not records
    assert next(iter(left_out)).startswith(reason)


def test_only_rows_of_one_part_are_taken_where_it_is_named() -> None:
    records, left_out = published_calls([FLASH, PRODUCT], load_accelerator("h100"))
    assert [made["device"] for made in records] == ["H100-SXM5-80GB"]
    assert left_out == {"row of another device": 1}


def test_strides_of_axes_in_another_order() -> None:
    assert strides_of([2, 3, 5, 7], (0, 2, 1, 3)) == [105, 7, 21, 1]
    assert strides_of([2, 3], (0, 1)) == [3, 1]


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """Writes a table of rows."""

    def write(*rows: dict[str, str]) -> Path:
        path = tmp_path / "published.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, FLASH)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


def test_tables_of_published_figures_are_read_like_those_of_calls(table: Callable[..., Path]) -> None:
    path = table(FLASH, FLASH | {"component": "e2e"}, PRODUCT, TF32)
    hopper, volta = read_tables(path)
    assert (len(hopper), len(volta)) == (2, 1)
    assert hopper.source == ("flash-attention flash2", "xla")
    assert hopper.skipped == {"row of a whole run, which `validate published` reads": 1}
    assert is_published(FLASH)
    assert holds_kernels(path)


def test_a_table_without_kernels_is_refused_with_what_it_has(table: Callable[..., Path]) -> None:
    path = table(FLASH | {"component": "e2e"})
    assert not holds_kernels(path)
    with pytest.raises(MeasurementError, match="no rows; 1 x row of a whole run"):
        read_tables(path)


def test_the_reason_is_raised_of_one_row() -> None:
    with pytest.raises(Unmappable, match="not stated"):
        record(FLASH | {"notes": ""})
