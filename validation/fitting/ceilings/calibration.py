"""Parameters that published best rates determine, for groups of kernels that no relative was measured for.

A best rate tells one parameter: what a long product sustains, at the clock that the power limit leaves
(:mod:`simulator.cost.hardware.power`), is the share of the peak; the interval of tiny kernels is the shortest duration;
the bandwidth of eager kernels is their share of the DRAM. The rest of each group comes from the generic calibration. A
part whose relative was measured for a group keeps that one's parameters of it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from hw_specs import (
    Accelerator,
    Calibration,
    CalibrationPool,
    Evidence,
    FittedCalibration,
    FittedOn,
    lineage_distance,
    load_accelerator,
    load_architecture,
)
from hw_specs.architecture import Engine
from hw_specs.calibration import described
from simulator.cost import hardware_columns, kernel_times
from simulator.cost.families import PARAMETERS
from simulator.execution import Execution
from simulator.kernels import Kernel, KernelTables
from simulator.lowering import assign_units, kernels_of
from tracer.graph import Op, TensorSpec

from .best_rates import Ceiling, EagerShare
from .vector_rates import VectorRate

__all__ = ["ceiling_calibrations", "solve"]

_Item = Ceiling | EagerShare | VectorRate

#: Groups whose shortest duration is that of any kernel.
_FLOORS = ("stream.floor", "softmax.floor", "normalization.floor")
_EIGHT_BIT = "float8_e4m3fn"
#: Rows of the tensor that eager shares are taken at, and their width for each group: 256 MB of float32.
_ROWS, _WIDTH = 16384, 4096
_EAGER_SOURCE = "github.com/sitar-lab/NeuSight @6945927d dataset/test: medians of eager float32 kernels (MIT)"
_STEPS = 50
#: Groups of products by engine, and the number formats whose rates tell of them.
_WIDE = ("bfloat16", "float16")
_PRODUCTS: Mapping[Engine, Sequence[tuple[str, Sequence[str]]]] = {
    "simt": (("matmul", _WIDE), ("matmul8", (_EIGHT_BIT,))),
    "cpu": (("matmul", _WIDE), ("matmul8", (_EIGHT_BIT,))),
    "systolic": (("systolic_product", _WIDE),),
}


#: Rate of usual products over that of the best of a search over shapes, where a compiler's blocks come out unlike: of a
#: TPU v6e, whose rows are measured one by one, the best reach 0.888 of the peak and the fit to all of them 0.80. [1]
_OF_BEST: Mapping[str, float] = {"systolic_product": 0.9}


def ceiling_calibrations(
    ceilings: Iterable[Ceiling],
    shares: Iterable[EagerShare],
    calibrations: CalibrationPool,
    rates: Iterable[VectorRate] = (),
) -> tuple[FittedCalibration, ...]:
    """One calibration for each architecture that has a ceiling of a group which no architecture of its lineage has.

    Parameters
    ----------
    ceilings : iterable of Ceiling
    shares : iterable of EagerShare
    rates : iterable of VectorRate
    calibrations : CalibrationPool
        Those of architectures, and the generic one, which parameters that no ceiling tells come from.
    """
    pool = CalibrationPool.of(*calibrations.of_scope("architecture"), *calibrations.of_scope("generic"))
    by_architecture: dict[str, list[_Item]] = {}
    told: tuple[_Item, ...] = (*ceilings, *shares, *rates)
    for item in told:
        by_architecture.setdefault(_part(item).architecture, []).append(item)
    made = (_of_architecture(name, found, pool) for name, found in sorted(by_architecture.items()))
    return tuple(fitted for fitted in made if fitted.calibration.parameters)


def _has_relative(architecture: str, group: str, pool: CalibrationPool) -> bool:
    """Whether a group was fitted to an accelerator that shares a lineage with an architecture."""
    known = load_architecture(architecture)
    fitted = (c.architecture for c in pool.calibrations if c.groups.get(group) and c.architecture is not None)
    return any(lineage_distance(known, there) is not None for there in fitted)


def solve(target: float, value_at: Callable[[float], float], low: float, high: float) -> float:
    """Argument at which a monotonic function takes a value, by bisection; the nearer end where it does not."""
    rising = value_at(high) > value_at(low)
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        if (value_at(middle) < target) == rising:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _of_architecture(name: str, told_by: Sequence[_Item], pool: CalibrationPool) -> FittedCalibration:
    parameters: dict[str, float] = {}
    used: list[tuple[str, _Item]] = []
    for told, group, items in _told(told_by, pool):
        open_to = {n: x for n, x in told.items() if not _has_relative(name, PARAMETERS[n].group, pool)}
        parameters |= open_to
        used += [(group, item) for item in items if open_to]
    parts = tuple(sorted({_part(item).name for _, item in used}))
    fitted_on = tuple(_fitted_on(used, parameters, pool))
    calibration = Calibration(
        name=f"{name}_ceilings",
        architecture=name,
        scope="ceilings",
        groups=dict.fromkeys(dict.fromkeys(n.partition(".")[0] for n in parameters), parts),
        parameters={n: float(f"{parameters[n]:.4g}") for n in PARAMETERS if n in parameters},
        fitted_on=described(fitted_on),
        date=datetime.datetime.now(tz=datetime.UTC).date(),
        sources=tuple(sorted({_source(item) for _, item in used})) or ("none",),
        notes="Single parameters from published best rates; the rest of each group is inherited.",
    )
    return FittedCalibration(calibration, Evidence(name=calibration.name, fitted_on=fitted_on))


def _told(items: Sequence[_Item], pool: CalibrationPool) -> Iterator[tuple[dict[str, float], str, Sequence[_Item]]]:
    """Parameters, the group that they are told of, and by what."""
    ceilings = [item for item in items if isinstance(item, Ceiling)]
    for group, dtypes in _PRODUCTS[_part(items[0]).traits.engine]:
        best = _best_of_each_part(c for c in ceilings if c.kind == "product" and c.dtype in dtypes)
        if best:
            yield _main_loop(group, best, pool), group, best
    for ceiling in (c for c in ceilings if c.kind == "interval"):
        yield dict.fromkeys(_FLOORS, ceiling.value), "stream", [ceiling]
    for item in items:
        if isinstance(item, EagerShare):
            yield {f"{item.group}.dram": _share_parameter(item, pool)}, item.group, [item]
        elif isinstance(item, VectorRate):
            yield _vector_parameters(item, pool), item.group, [item]


def _part(item: _Item) -> Accelerator:
    return item.accelerator if isinstance(item, Ceiling) else load_accelerator(item.accelerator)


def _source(item: _Item) -> str:
    return _EAGER_SOURCE if isinstance(item, EagerShare) else item.source


def _best_of_each_part(ceilings: Iterable[Ceiling]) -> list[Ceiling]:
    best: dict[str, Ceiling] = {}
    for ceiling in ceilings:
        held = best.get(ceiling.accelerator.name)
        if held is None or ceiling.value > held.value:
            best[ceiling.accelerator.name] = ceiling
    return list(best.values())


def _main_loop(group: str, best: Sequence[Ceiling], pool: CalibrationPool) -> dict[str, float]:
    """Share of the peak with which the part nearest to its ceiling reaches it; none where no share does."""
    rate = f"{group}.rate"
    lower, upper = PARAMETERS[rate].lower, PARAMETERS[rate].upper

    def ratio(ceiling: Ceiling, share: float) -> float:
        return _rate(ceiling, {rate: share}, pool) / ceiling.value

    nearest = min(best, key=lambda ceiling: ratio(ceiling, upper))
    if ratio(nearest, upper) < 1.0:
        return {}
    return {rate: solve(_OF_BEST.get(group, 1.0), lambda x: ratio(nearest, x), lower, upper)}


def _rate(ceiling: Ceiling, parameters: Mapping[str, float], pool: CalibrationPool) -> float:
    """Rate that the model sustains at a ceiling's shape. [FLOP/s]"""
    m, n, k = ceiling.shape
    name = "aten::_scaled_mm" if ceiling.dtype == _EIGHT_BIT else "aten::mm"
    operands = (TensorSpec((m, k), ceiling.dtype), TensorSpec((k, n), ceiling.dtype))
    out = TensorSpec((m, n), "bfloat16" if ceiling.dtype == _EIGHT_BIT else ceiling.dtype)
    (kernel,) = kernels_of(Op(name, operands, (out,)), Execution())
    return 2.0 * m * n * k / _time(kernel, ceiling.accelerator, parameters, pool)


def _time(kernel: Kernel, accelerator: Accelerator, parameters: Mapping[str, float], pool: CalibrationPool) -> float:
    table = assign_units(KernelTables.from_kernels([kernel]), accelerator)
    hardware = hardware_columns([accelerator], pool).sustained().with_parameters(parameters)
    return float(kernel_times(table, hardware).time[0, 0])


def _share_parameter(share: EagerShare, pool: CalibrationPool) -> float:
    """Share of the DRAM bandwidth with which the model takes as long as eager kernels did."""
    name = f"{share.group}.dram"
    parameter = PARAMETERS[name]
    return solve(share.share, lambda x: _reached(share, {name: x}, pool), parameter.lower, parameter.upper)


def _reached(share: EagerShare, parameters: Mapping[str, float], pool: CalibrationPool) -> float:
    data = TensorSpec((_ROWS, _WIDTH), "float32")
    inputs, name = {
        "stream": ((data, data), "aten::add"),
        "softmax": ((data,), "aten::_softmax"),
        "normalization": ((data,), "aten::native_layer_norm"),
    }[share.group]
    (kernel,) = kernels_of(Op(name, inputs, (data,)), Execution())
    accelerator = load_accelerator(share.accelerator)
    bandwidth = hardware_columns([accelerator], CalibrationPool.empty()).dram_bandwidth[0]
    moved = kernel.bytes_read + kernel.bytes_written
    return float(moved / _time(kernel, accelerator, parameters, pool) / bandwidth)


def _vector_parameters(rate: VectorRate, pool: CalibrationPool) -> dict[str, float]:
    """Share of the peak with which the model runs as fast as was published, as each of the parameters."""
    own = [PARAMETERS[name] for name in rate.parameters]

    def rate_at(share: float) -> float:
        return _vector_rate(rate, dict.fromkeys(rate.parameters, share), pool)

    found = solve(rate.rate, rate_at, max(p.lower for p in own), min(p.upper for p in own))
    return dict.fromkeys(rate.parameters, found)


def _vector_rate(rate: VectorRate, parameters: Mapping[str, float], pool: CalibrationPool) -> float:
    """Rate that the model sustains at the shape of a published one. [FLOP/s]"""
    (kernel,) = kernels_of(rate.operator(), Execution(convolution_tf32=False))
    return kernel.matrix_flops / _time(kernel, load_accelerator(rate.accelerator), parameters, pool)


def _fitted_on(
    used: Iterable[tuple[str, _Item]], parameters: Mapping[str, float], pool: CalibrationPool
) -> Iterator[FittedOn]:
    for group, item in used:
        own = {n: x for n, x in parameters.items() if n.partition(".")[0] == group}
        if isinstance(item, EagerShare):
            what, dtype, error = "share of the DRAM bandwidth", "float32", _reached(item, own, pool) / item.share - 1
        elif isinstance(item, VectorRate):
            what, dtype, error = item.op, item.dtype, _vector_rate(item, own, pool) / item.rate - 1
        else:
            what, dtype = item.what.partition(";")[0], item.dtype
            error = _rate(item, own, pool) / item.value - 1 if item.kind == "product" else 0.0
        yield FittedOn(
            source=_source(item),
            device=_part(item).name,
            op=what,
            dtype=dtype,
            group=group,
            count=1,
            mape=float(f"{abs(error):.4g}"),
        )
