"""Free parameters of the calibrated cost model: name, unit, default, physical range and meaning.

Everything else in the cost model is derived from the datasheet. Most parameters are shares of a datasheet
quantity, so that they carry over from one part to the next; times are of launch and memory pipeline.

A parameter is called ``group.name``. A group is what shares its parameters, is fitted together, and is inherited
together: products on matrix units, products on vector units, each attention algorithm, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["GROUPS", "PARAMETERS", "RELATED", "Parameter", "ParameterError", "parameter_columns"]

FloatArray = NDArray[np.float64]


class ParameterError(ValueError):
    """A calibration names a parameter that does not exist, or a value outside its physical range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One free parameter.

    Attributes
    ----------
    name : str
        ``group.name``.
    unit : str
    default : float
        Value without any calibration.
    lower, upper : float
        Physical range; a fit stays inside it and a calibration outside it is refused.
    meaning : str
    """

    name: str
    unit: str
    default: float
    lower: float
    upper: float
    meaning: str

    @property
    def group(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]


#: Name, unit, default, lower, upper, meaning; shared by everything that multiplies tiles.
_PRODUCT = (
    ("rate", "1", 0.95, 0.3, 1.0, "share of the peak rate inside the main loop of a large tile"),
    ("feed", "elements", 30.0, 0.0, 150.0, "tile edge (harmonic) below which shared memory feeds too slowly"),
    ("alone", "1", 0.5, 0.25, 1.0, "share of a core's time that a lone block takes where several would fit"),
    ("accesses", "1/clk", 4.0, 2.0, 8.0, "accesses of up to 16 B that a core makes in a clock to bring in operands"),
    ("iteration", "clk", 150.0, 0.0, 1500.0, "shortest time of one step of the main loop"),
    ("fill", "clk", 800.0, 0.0, 20000.0, "prologue and epilogue that each round of blocks exposes"),
    ("store", "1", 1.2, 0.1, 20.0, "rate at which blocks drain their tiles, not overlapped, over the DRAM bandwidth"),
    ("dram", "1", 0.9, 0.4, 1.15, "share reached of the DRAM bandwidth that microbenchmarks measure"),
    ("written", "1", 1.0, 0.8, 2.5, "cost of a byte written over a byte read"),
    ("l2", "1", 0.65, 0.1, 1.0, "share of the L2 bandwidth reached"),
    ("usable", "1", 0.5, 0.1, 1.0, "share of the cache that one operand can hold"),
    ("core_bandwidth", "B/s", 5e10, 4e9, 2e11, "DRAM bandwidth that one core can pull with its bytes in flight"),
    ("overlap", "1", 4.0, 1.2, 12.0, "exponent that joins units: 1 adds their times, infinity takes the largest"),
    ("split", "s", 2e-6, 0.0, 1e-5, "extra latency of splitting the reduced length over blocks"),
    ("throttle_time", "s", 1e-3, 2e-5, 2e-2, "busy time after which the power limit acts"),
    ("floor", "s", 2.5e-6, 0.0, 2e-5, "shortest duration"),
)

_ATTENTION = (
    ("alone", "1", 0.5, 0.25, 1.0, "share of a core's time that a lone block takes where several would fit"),
    ("tail", "1", 0.5, 0.0, 2.0, "share of the longest causal block that remains when the others end"),
    ("iteration", "s", 3e-7, 0.0, 3e-6, "shortest time of one step of the main loop"),
    ("fill", "s", 3e-6, 0.0, 2e-5, "prologue and epilogue that each round of blocks exposes"),
    ("masking", "1", 0.5, 0.0, 3.0, "extra time of the masked step of a block over the exponentials of a step"),
    ("combine", "s", 3e-6, 2e-7, 2e-5, "extra latency of splitting the keys over blocks"),
    ("dram", "1", 0.85, 0.3, 1.0, "share of the DRAM bandwidth reached"),
    ("l2", "1", 0.8, 0.05, 1.0, "share of the L2 bandwidth reached"),
    ("throttle_time", "s", 8e-3, 2e-5, 2e-2, "busy time after which the power limit acts"),
    ("floor", "s", 4e-6, 0.0, 2e-5, "shortest duration"),
)

_Declaration = tuple[str, str, float, float, float, str]


def _energy(default: float) -> _Declaration:
    return ("energy", "J/FLOP", default, 0.1 * default, 4.0 * default, "board energy of one operation at full load")


#: Multiply-adds of vector units issue in every clock: short products reach 0.93 to 0.99 of the peak on V100, T4 and
#: A100. What long ones lose is the power limit's.
_VECTOR_RATE: _Declaration = ("rate", "1", 0.97, 0.9, 1.0, _PRODUCT[0][5])
#: Batched products read their second operand across its rows: fits to V100 and T4, where the tile varies, feed tiles of
#: 34 and 40. Elsewhere the only tile is too large to tell.
_BATCHED_FEED: _Declaration = ("feed", "elements", 40.0, *_PRODUCT[1][3:])


def _attention(exponential: float, overlap: float, energy: float) -> tuple[_Declaration, ...]:
    """Parameters of a fused attention kernel.

    Where warps do everything themselves (FlashAttention-2) about five instructions on vector units come with each
    exponential, and units overlap as the warps of a core take turns. Warp groups that only exponentiate keep the
    special units busy, but products of the same tile wait for them.
    """
    return (
        ("rate", "1", 0.95, 0.2, 1.0, "share of the matrix peak inside the main loop"),
        (
            "exponential",
            "1",
            exponential,
            0.0,
            6.0,
            "time of exponentials, maxima, sums and rescaling over that of the special units alone",
        ),
        ("overlap", "1", overlap, 1.0, 10.0, "exponent that joins products, exponentials and shared memory"),
        *_ATTENTION,
        _energy(energy),
    )


def _rows(*, row: float, elements: float, block: float, chain: float, drift: float) -> tuple[_Declaration, ...]:
    """Row-wise kernels; the defaults are what one fit to A100, V100 and T4 together finds."""
    return (
        ("dram", "1", 0.8, 0.3, 1.0, "share of the DRAM bandwidth reached"),
        ("resident", "1", 0.3, 0.0, 1.0, "share of the traffic that the cache keeps where the operands fit it"),
        ("row", "clk", row, 0.0, 10.0 * row, "time of one row on a core full of blocks, besides its elements"),
        ("elements", "1/clk", elements, 0.5, 2.5 * elements, "elements that a core full of blocks walks in a clock"),
        ("block", "clk", block, 0.05 * block, 20000.0, "latency of a block's reductions and barriers"),
        (
            "chain",
            "clk",
            chain,
            0.05 * chain,
            20.0 * chain,
            "time that one element adds to the chain of the thread that walks it",
        ),
        ("drift", "1", drift, 0.0, 6, "rounds of blocks until loads of one run under arithmetic of another"),
        ("usable", "1", 0.5, 0.05, 4.0, "share of the cache that rows in flight can hold between two passes"),
        ("floor", "s", 1.9e-6, 1e-6, 2e-5, "shortest duration"),
    )


_SOFTMAX = _rows(row=50.0, elements=2.2, block=3000.0, chain=100.0, drift=1.0)
_NORMALIZATION = _rows(row=400.0, elements=2.2, block=1500.0, chain=50.0, drift=1.0)

_TABLES: Mapping[str, Sequence[_Declaration]] = {
    "matmul": (*_PRODUCT, _energy(0.9e-12)),
    "matmul8": (*_PRODUCT, _energy(0.45e-12)),
    "vector_matmul": (_VECTOR_RATE, *_PRODUCT[1:], _energy(2.0e-11)),
    "vector_batched": (_VECTOR_RATE, _BATCHED_FEED, *_PRODUCT[2:], _energy(2.0e-11)),
    "convolution": (
        ("share", "1", 0.85, 0.3, 1.0, "rate of implicit products over that of plain ones"),
        (
            "gather",
            "1/clk",
            13.5,
            1.0,
            128.0,
            "elements of tiles that a core gathers in a cycle where channels do not fill a step (patches, H100)",
        ),
    ),
    "vector_convolution": (
        *_PRODUCT,
        _energy(2.0e-11),
        ("implicit_rate", "1", 0.9, 0.2, 1.0, "share of the peak in implicit products"),
        ("implicit_latency", "s", 1e-5, 0.0, 6e-5, "kernels around an implicit product"),
        ("fused_rate", "1", 0.65, 0.1, 1.0, "share of the peak in fused Winograd"),
        ("fused_latency", "s", 1e-5, 0.0, 6e-5, "kernels around fused Winograd"),
        ("fused_fill", "s", 5e-6, 0.0, 6e-5, "prologue and epilogue of each round of fused Winograd"),
        ("transform", "1", 0.7, 0.2, 1.0, "share of the DRAM bandwidth in the transforms of Winograd"),
        ("unfused_latency", "s", 2e-5, 0.0, 1.2e-4, "kernels around unfused Winograd"),
    ),
    "flash2": _attention(exponential=2.8, overlap=2.2, energy=1.0e-12),
    "efficient": _attention(exponential=2.8, overlap=2.2, energy=1.0e-12),
    "flash3": _attention(exponential=1.0, overlap=1.2, energy=0.85e-12),
    "flash4": _attention(exponential=1.0, overlap=1.2, energy=0.85e-12),
    "cudnn_attention": _attention(exponential=1.0, overlap=1.2, energy=0.85e-12),
    "scatter": (
        ("dram", "1", 0.8, 0.02, 1.0, "share of the DRAM bandwidth reached"),
        ("row", "s", 1.5e-6, 0.0, 2e-5, "latency of one thread block, which moves one row"),
        ("floor", "s", 1.5e-6, 0.0, 2e-5, "shortest duration"),
    ),
    "quantize": (
        ("dram", "1", 0.85, 0.6, 1.0, "share of the DRAM bandwidth reached"),
        ("resident", "1", 0.3, 0.0, 1.0, "share of the traffic that the cache keeps where the operands fit it"),
        ("row", "clk", 1000.0, 0.0, 10000.0, "time of one row on one core"),
        ("stream", "B/clk", 30.0, 2.0, 256.0, "rate at which one core passes over a row"),
        ("overlap", "1", 2.0, 1.2, 12.0, "exponent that joins memory and the cores' time"),
        ("usable", "1", 0.5, 0.05, 4.0, "share of the cache that rows in flight can hold between two passes"),
        ("floor", "s", 2.5e-6, 0.0, 2e-5, "shortest duration"),
    ),
    "stream": (
        ("dram", "1", 0.86, 0.4, 1.0, "share of the DRAM bandwidth reached"),
        ("strided", "1", 0.75, 0.1, 1.0, "the same where threads walk an operand with a stride"),
        ("transposed", "1", 0.6, 0.1, 1.0, "the same where an operand is transposed"),
        ("element", "clk", 0.47, 0.1, 4.0, "time of a core for one element that is taken singly (eager, H100)"),
        ("offset", "clk", 0.0375, 0.005, 0.4, "the same for its offset along each axis of each operand (eager, H100)"),
        ("filled", "1", 0.6, 0.2, 1.0, "share of that rate in a grid of half the threads of each core (eager, H100)"),
        ("crossed", "1/clk", 0.55, 0.1, 8.0, "single elements of a core in a cycle where an operand is transposed"),
        ("tiled", "1/clk", 2.7, 0.5, 40.0, "elements of 32 x 32 tiles that a core transposes in a cycle (H100)"),
        ("resident", "1", 0.3, 0.0, 1.0, "share of the traffic that the cache keeps where the operands fit it"),
        ("held", "1", 0.7, 0.3, 1.3, "share of the cache that counts as room for the operands (two partitions: less)"),
        ("l2", "1", 0.6, 0.1, 1.0, "share of the L2 bandwidth reached"),
        ("core_bandwidth", "B/s", 3e10, 4e9, 2e11, "bandwidth that one core can pull with its bytes in flight"),
        ("floor", "s", 1.3e-6, 0.0, 2e-5, "shortest duration"),
    ),
    "softmax": _SOFTMAX,
    "normalization": _NORMALIZATION,
    "collective": (
        ("link", "1", 0.7, 0.01, 1.0, "share of the link bandwidth that a ring reaches"),
        ("step", "s", 1.5e-6, 1e-7, 1e-4, "latency of one step between two ranks"),
        ("pipeline", "s", 4e-5, 0.0, 3e-4, "time to fill the pipeline of chunks of a long message"),
        ("chunk", "B", 4e6, 1e4, 1e8, "bytes sent at which that pipeline is half full"),
        ("contention", "1", 0.02, 0.0, 20.0, "loss of bandwidth with each further pair of ranks on shared links"),
        ("floor", "s", 6e-6, 0.0, 1e-4, "shortest duration"),
    ),
}


def _declared() -> Iterator[Parameter]:
    for group, table in _TABLES.items():
        for name, unit, default, lower, upper, meaning in table:
            yield Parameter(
                name=f"{group}.{name}", unit=unit, default=default, lower=lower, upper=upper, meaning=meaning
            )


#: Every parameter by name.
PARAMETERS: Mapping[str, Parameter] = {parameter.name: parameter for parameter in _declared()}

#: Parameter groups: kernels that share their parameters, and are calibrated and inherited together.
GROUPS: tuple[str, ...] = tuple(_TABLES)

#: Groups that stand in for one where they were measured on nearer parts: kernels of the same instructions, with the
#: same work around them. On Hopper cuDNN reaches 497 to 617 TFLOP/s at head dimension 128, and FlashAttention-3 467 to
#: 648 (Shah et al., "FlashAttention-3", 2024); on Blackwell cuDNN has another kernel.
RELATED: Mapping[str, tuple[str, ...]] = {"efficient": ("flash2",), "cudnn_attention": ("flash3",)}


def parameter_columns(rows: Sequence[Mapping[str, float]]) -> dict[str, FloatArray]:
    """Columns of shape (num_accelerators,) from one mapping per accelerator; missing names take the default.

    Raises
    ------
    ParameterError
        For an unknown name or a value outside the range.
    """
    for row in rows:
        for name, value in row.items():
            _check(name, value)
    return {
        name: np.array([row.get(name, parameter.default) for row in rows], dtype=np.float64)
        for name, parameter in PARAMETERS.items()
    }


def _check(name: str, value: float) -> None:
    if name not in PARAMETERS:
        raise ParameterError(f"unknown cost parameter {name!r}; groups are {', '.join(GROUPS)}")
    parameter = PARAMETERS[name]
    if not parameter.lower <= value <= parameter.upper:
        bounds = f"[{parameter.lower:g}, {parameter.upper:g}] {parameter.unit}"
        raise ParameterError(f"{name} = {value:g} is outside its physical range {bounds}")
