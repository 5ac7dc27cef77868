"""The rate of large dense products, which no kernel that multiplies beside other work passes.

Fused attention feeds the same units through the same memories as a product of its number format, and computes
exponentials between. Parameters that were fitted on one part may promise more on another, whose products fall further
behind the peak: the best product is then what bounds both.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from simulator.cost.families.family import parameters_of
from simulator.cost.families.matmul import PRODUCTS
from simulator.cost.hardware import HardwareColumns
from simulator.kernels import AttentionTable, Product, ProductTable

__all__ = ["least_attention_time"]

FloatArray = NDArray[np.float64]

#: Sides of a product that fills any part, with as little traffic as any.
_SIDE = 16384


def least_attention_time(table: AttentionTable, hardware: HardwareColumns) -> FloatArray:
    """Time in which large products do as many FLOPs as fused attention, shape (num_kernels, num_accelerators). [s]"""
    on_vector = table.matrix_flops == 0
    least = hardware.zeros(len(table))
    for code in np.unique(table.number_format).tolist():
        for vector in np.unique(on_vector[table.number_format == code]).tolist():
            rows = (table.number_format == code) & (on_vector == vector)
            width = float(table.itemsize[rows].max())
            least[rows] = _flops(table)[rows, None] * _time_of_flop(hardware, table.formats[code], width, vector)
    return least


def _flops(table: AttentionTable) -> FloatArray:
    """FLOPs of the products; on vector units they stand among those of the softmax."""
    scores = table.num_heads * table.query_length * table.key_length * np.where(table.causal, 0.5, 1.0)
    plain = 2.0 * table.products * scores * (table.head_dim + table.value_dim)
    return np.where(table.matrix_flops > 0, table.matrix_flops, plain)


def _time_of_flop(hardware: HardwareColumns, number_format: str, itemsize: float, vector: bool) -> FloatArray:
    """Time of one FLOP of a large product, shape (num_accelerators,). [s]"""
    table = _large_product(number_format, itemsize, vector)
    group = PRODUCTS.groups[int(PRODUCTS.group_positions(table)[0])]
    time: FloatArray = group.cost(table, hardware, parameters_of(hardware, group)).time[0]
    return time / (2.0 * _SIDE**3)


@functools.lru_cache(maxsize=32)
def _large_product(number_format: str, itemsize: float, vector: bool) -> ProductTable:
    flops, operand = 2.0 * _SIDE**3, itemsize * _SIDE**2
    kernel = Product(
        name="large_product",
        number_format=number_format,
        matrix_flops=0.0 if vector else flops,
        vector_flops=flops if vector else 0.0,
        bytes_read=2.0 * operand,
        bytes_written=operand,
        itemsize=int(itemsize),
        m=float(_SIDE),
        n=float(_SIDE),
        k=float(_SIDE),
    )
    return ProductTable.from_kernels([kernel], np.ones(1))
