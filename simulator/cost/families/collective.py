"""Collectives: latency and bandwidth of a ring or a tree over one kind of link."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.cost.hardware import FloatArray, HardwareColumns
from simulator.cost.parameters import Follows, Parameters, parameter
from simulator.kernels import CollectiveAlgorithm, CollectiveTable

from .family import Family, FamilyCost, Formula, ParameterGroup, bound_of, every

__all__ = ["COLLECTIVES", "CollectiveParameters", "collective_cost"]


#: Ranks, and bytes of a message, up to which ranks sum by kernels of their own.
_DIRECT_RANKS, _DIRECT_BYTES = 8, 8 * 2**20


@dataclass(frozen=True, eq=False, kw_only=True)
class CollectiveParameters(Parameters):
    """Parameters of collectives."""

    link: FloatArray = parameter(0.7, "1", 0.01, 1.0, "share of the link bandwidth that a ring reaches")
    step: FloatArray = parameter(1.5e-6, "s", 1e-7, 1e-4, "latency of one step between two ranks")
    pipeline: FloatArray = parameter(4e-5, "s", 0.0, 3e-4, "time to fill the pipeline of chunks of a long message")
    chunk: FloatArray = parameter(4e6, "B", 1e4, 1e8, "bytes sent at which that pipeline is half full")
    # Cards of one table lose 80 % of their bandwidth with a second pair on their host; those of other published runs on
    # four (L20, diffusers' context parallelism; L40, xDiT) send at 23 GB/s and more. Switches and sockets decide.
    contention: FloatArray = parameter(
        0.02,
        "1",
        0.0,
        20.0,
        "loss of bandwidth with each further pair of ranks on shared links",
        follows=Follows.HOST,
    )
    floor: FloatArray = parameter(6e-6, "s", 0.0, 1e-4, "shortest duration")
    direct: FloatArray = parameter(
        5e-6, "s", 0.0, 1e-4, "kernel that reads its neighbours' memory: start, and waiting for all", observed=True
    )
    halfway: FloatArray = parameter(
        5e-6, "s", 0.0, 1e-4, "waiting for all once more, between two passes of such a kernel", observed=True
    )


def collective_cost(table: CollectiveTable, hardware: HardwareColumns, parameters: CollectiveParameters) -> FamilyCost:
    """Collectives of a library, and sums by kernels of the ranks themselves where those may and are faster."""
    library = _library_cost(table, hardware, parameters)
    if not table.direct.any():
        return library
    direct = _direct_time(table, hardware, parameters)
    shorter = direct < library.time
    terms = {name: np.where(shorter, 0.0, term) for name, term in library.terms.items()}
    return FamilyCost(
        time=np.where(shorter, direct, library.time),
        bound=library.bound,
        terms={**terms, "direct": np.where(shorter, direct, 0.0)},
    )


def _direct_time(table: CollectiveTable, hardware: HardwareColumns, parameters: CollectiveParameters) -> FloatArray:
    """Time of a sum by one kernel of every rank; infinite where there is none.

    In one pass each rank reads the whole message of every other; in two it sums its own part and then reads the sums of
    the others. Libraries switch between them at a size by number of ranks, which is about where two become the faster:
    vLLM at 512 KiB of four and 256 KiB of eight (``custom_all_reduce.cuh``), PyTorch at 256 KiB
    (``intra_node_comm.cu``). They leave more than 8 to 10 MiB, more than eight ranks and cards that are joined by no
    links of their own to NCCL. The defaults are those of vLLM 0.20 in a graph on A100s (aiconfigurator,
    custom_allreduce_perf: 8 KiB to 4 MiB on two to eight devices, 8 % off each); H100s are 7 % off, by whose
    times the constant between the passes alone was checked.
    """
    ranks, message = np.maximum(table.num_ranks, 1.0)[:, None], table.message_bytes[:, None]
    link = parameters.link * hardware.link_between(table.link_devices)
    one = (ranks - 1.0) * message / link
    two = parameters.halfway + 2.0 * (ranks - 1.0) / ranks * message / link
    joined = (table.link_devices[:, None] <= hardware.link_domain) & (hardware.link_domain < np.inf)
    of_blocks = np.array([traits.engine == "simt" for traits in hardware.traits])
    may = (table.direct[:, None] > 0) & (ranks > 1) & (ranks <= _DIRECT_RANKS) & (message <= _DIRECT_BYTES)
    return np.where(may & joined & of_blocks, parameters.direct + np.minimum(one, two), np.inf)


def _library_cost(table: CollectiveTable, hardware: HardwareColumns, parameters: CollectiveParameters) -> FamilyCost:
    """Floor, steps, transfer and pipeline: ``floor + steps * step + sent / link + pipeline * sent / (sent + chunk)``.

    A ring sends ``(p - 1) / p`` of the message in ``p - 1`` steps, an all-reduce twice (Thakur, Rabenseifner and
    Gropp, 2005); short all-reduces go over a tree of ``2 log2 p`` steps. All-to-all sends directly in one step. Long
    messages go in chunks, whose pipeline has to fill; ranks behind shared links (a host's PCIe) slow one another.
    """
    ranks = np.maximum(table.num_ranks, 1.0)
    waves = np.where(table.algorithm == CollectiveAlgorithm.ALL_REDUCE, 2.0, 1.0)
    sent = (waves * (ranks - 1) / ranks * table.message_bytes)[:, None]
    steps = np.where(
        table.algorithm == CollectiveAlgorithm.ALL_TO_ALL,
        np.minimum(ranks - 1, 1.0),
        waves * np.minimum(np.ceil(np.log2(ranks)), ranks - 1),
    )[:, None]
    pairs = np.maximum(ranks / 2.0 - 1.0, 0.0)[:, None]
    shared = 1.0 + parameters.contention * pairs
    link = parameters.link * hardware.link_between(table.link_devices) / shared
    transfer = np.nan_to_num(sent / link, nan=0.0)
    latency = parameters.floor + steps * parameters.step
    filled = parameters.pipeline * sent / (sent + parameters.chunk)
    terms = {"link": transfer, "latency": latency}
    shown = {"transfer": transfer, "steps and floor": latency, "pipeline": filled}
    return FamilyCost(time=latency + transfer + filled, bound=bound_of(terms), terms=shown)


_FORMULAS = {
    "transfer": Formula("bytes sent / (share * link bandwidth)"),
    "steps and floor": Formula("floor + steps of the algorithm * step latency"),
    "pipeline": Formula("pipeline * sent / (sent + chunk)"),
    "direct": Formula("instead of them: direct + the least of what one pass and two read, with halfway between two"),
}

COLLECTIVES = Family(
    table=CollectiveTable,
    groups=(ParameterGroup(name="collective", parameters=CollectiveParameters, holds=every, cost=collective_cost),),
    formulas=_FORMULAS,
)
