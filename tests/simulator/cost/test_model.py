from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw_specs import Accelerator, CalibrationPool
from simulator.cost import FidelityError, HardwareColumns, hardware_columns, kernel_times
from simulator.kernels import (
    Attention,
    AttentionAlgorithm,
    Convolution,
    KernelTables,
    Product,
    RowKind,
    RowWise,
    Stream,
    StreamKind,
)

_BASE = {"cores": 100, "matrix": 100e12, "vector": 10e12, "dram": 1e12, "cache": 40e6, "cache_bandwidth": 4e12}


def _hardware(**changes) -> HardwareColumns:
    values = {**_BASE, **changes}
    scale = values["cores"] / 100
    part = Accelerator.model_validate(
        {
            "name": "test part",
            "vendor": "NVIDIA",
            "architecture": changes.get("architecture", "ampere"),
            "kind": "gpu",
            "peak": {
                "matrix": {"bf16": values["matrix"] * scale},
                "vector": {"fp32": values["vector"] * scale},
                "special": {"fp32": 1.6e12 * scale},
            },
            "cores": {"count": values["cores"], "kind": "SM", "clock": 1e9, "max_threads": 2048, "max_blocks": 32},
            "memory": {
                "l2": {"capacity": values["cache"], "bandwidth": values["cache_bandwidth"]},
                "dram": {"capacity": 40e9, "bandwidth": values["dram"]},
            },
            "links": {"nvlink": {"bandwidth": 1e11}},
            "sources": ("made up for tests",),
        }
    )
    return hardware_columns([part], calibrations=CalibrationPool.empty())


def _product(batch, m, n, k, vector):
    flops = 2.0 * batch * m * n * k
    return Product(
        name="gemm",
        number_format="fp32" if vector else "bf16",
        matrix_flops=0.0 if vector else flops,
        vector_flops=flops if vector else 0.0,
        bytes_read=2.0 * batch * (m + n) * k,
        bytes_written=2.0 * batch * m * n,
        batch=batch,
        m=m,
        n=n,
        k=k,
    )


def _attention(batch, queries, keys, head, causal, algorithm):
    return Attention(
        name="attention",
        algorithm=algorithm,
        number_format="bf16",
        matrix_flops=4.0 * batch * queries * keys * head * (0.5 if causal and queries == keys else 1.0),
        special_ops=float(batch * queries * keys) * (0.5 if causal and queries == keys else 1.0),
        bytes_read=2.0 * batch * (queries + 2 * keys) * head,
        bytes_written=2.0 * batch * queries * head,
        num_heads=batch,
        query_length=queries,
        key_length=keys,
        head_dim=head,
        value_dim=head,
        causal=causal,
    )


def _convolution(images, channels, side, out, taps):
    m, k = images * side * side, channels * taps * taps
    return Convolution(
        name="conv",
        number_format="fp32",
        vector_flops=2.0 * m * out * k,
        bytes_read=4.0 * (m * channels + out * k),
        bytes_written=4.0 * m * out,
        itemsize=4.0,
        positions=m,
        output_channels=out,
        reduced_length=k,
        output_height=side,
        output_width=side,
        winograd=taps == 3,
    )


def _memory(kind, rows, width, resident):
    moved = 4.0 * rows * width
    work = {
        "name": "memory",
        "number_format": "fp32",
        "vector_flops": rows * width,
        "bytes_read": moved,
        "bytes_written": moved,
        "resident_bytes": moved * resident,
        "itemsize": 4.0,
    }
    if isinstance(kind, StreamKind):
        return Stream(kind=kind, elements=rows * width, **work)
    return RowWise(kind=kind, rows=rows, row_length=width, **work)


_SIZE = st.integers(1, 9000)
_kernels = st.one_of(
    st.builds(_product, st.integers(1, 40), _SIZE, _SIZE, _SIZE, st.booleans()),
    st.builds(
        _attention,
        st.integers(1, 300),
        _SIZE,
        _SIZE,
        st.sampled_from([40, 64, 72, 80, 128, 160, 256, 512]),
        st.booleans(),
        st.sampled_from(
            [
                AttentionAlgorithm.FLASH2,
                AttentionAlgorithm.FLASH2_PAGED,
                AttentionAlgorithm.EFFICIENT,
                AttentionAlgorithm.FLASH3,
                AttentionAlgorithm.FLASH4,
                AttentionAlgorithm.CUDNN,
            ]
        ),
    ),
    st.builds(
        _convolution,
        st.integers(1, 32),
        st.integers(1, 800),
        st.integers(1, 128),
        st.integers(1, 800),
        st.sampled_from([1, 3, 5]),
    ),
    st.builds(
        _memory,
        st.sampled_from([StreamKind.ELEMENTWISE, RowKind.SOFTMAX, RowKind.NORMALIZATION, StreamKind.COPY]),
        _SIZE,
        _SIZE,
        st.sampled_from([0.0, 0.5, 1.0]),
    ),
)


def _time(kernel, fidelity="calibrated", **changes):
    table = KernelTables.from_kernels([kernel])
    return float(kernel_times(table, _hardware(**changes), fidelity=fidelity).time[0, 0])


@settings(max_examples=60, deadline=None)
@given(
    kernel=_kernels,
    change=st.sampled_from(["dram", "matrix", "vector", "cores", "cache", "cache_bandwidth"]),
    factor=st.sampled_from([1.01, 1.3, 2, 5]),
    architecture=st.sampled_from(["ampere", "hopper", "volta"]),
    fidelity=st.sampled_from(["roofline", "calibrated"]),
)
def test_a_better_part_is_never_slower(kernel, change, factor, architecture, fidelity):
    value = _BASE[change] * factor
    better = {change: int(np.ceil(value)) if change == "cores" else value}
    slow = _time(kernel, fidelity, architecture=architecture)
    assert _time(kernel, fidelity, architecture=architecture, **better) <= slow * (1 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(kernel=_kernels, architecture=st.sampled_from(["ampere", "hopper", "turing", "blackwell", "ada"]))
def test_roofline_is_a_lower_bound(kernel, architecture):
    assert _time(kernel, "roofline", architecture=architecture) <= _time(kernel, architecture=architecture)


def test_the_roofline_has_no_kernels_that_the_work_does_not_ask_for():
    move = Stream(name="to_channels_last", kind=StreamKind.COPY, number_format="fp16", bytes_read=1e9, elements=5e8)
    table = KernelTables.from_kernels([move, replace(move, conversion=True)])
    assert kernel_times(table, _hardware(), fidelity="roofline").time[:, 0].tolist() == [pytest.approx(1e9 / 1e12), 0.0]
    needed, converting = kernel_times(table, _hardware()).time[:, 0]
    assert converting == needed


@settings(max_examples=60, deadline=None)
@given(
    batch=st.integers(2, 64),  # batched fp32 products have a library of their own
    m=_SIZE,
    n=_SIZE,
    k=_SIZE,
    vector=st.booleans(),
    architecture=st.sampled_from(["ampere", "hopper"]),
)
def test_doubling_the_batch_at_most_doubles_the_time(batch, m, n, k, vector, architecture):
    one = _time(_product(batch, m, n, k, vector), architecture=architecture)
    two = _time(_product(2 * batch, m, n, k, vector), architecture=architecture)
    # Only few blocks split the reduced length, so the bound leaves room for what that saves.
    assert one * (1 - 1e-9) <= two <= 2.1 * one


def test_what_bounds_a_small_product():
    costs = kernel_times(
        KernelTables.from_kernels([_product(1, 512, 512, 512, False)]), _hardware(), fidelity="calibrated"
    )
    assert costs.bound_names()[0, 0] in ("matrix", "latency", "dram", "l2")


def test_columns_and_accelerators_broadcast():
    kernels = [_product(1, 512, 512, 512, False), _memory(RowKind.SOFTMAX, 4096, 4096, 1.0)]
    table = KernelTables.from_kernels(kernels)
    many = replace(_hardware())
    both = kernel_times(table, many, fidelity="calibrated").time
    single = [_time(kernel) for kernel in kernels]
    assert both[:, 0] == pytest.approx(single)


def test_unknown_fidelity_is_refused():
    with pytest.raises(FidelityError, match="unknown fidelity 'exact'; valid: roofline, calibrated"):
        kernel_times(KernelTables.from_kernels([_product(1, 8, 8, 8, False)]), _hardware(), fidelity="exact")  # type: ignore[arg-type]
