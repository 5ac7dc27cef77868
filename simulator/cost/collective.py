"""Collectives: latency and bandwidth of a ring or a tree over one kind of link."""

from __future__ import annotations

import numpy as np

from simulator.kernels import CollectiveAlgorithm, CollectiveTable

from .family import FamilyCost, bound_of
from .hardware import HardwareColumns

__all__ = ["collective_cost"]


def collective_cost(group: str, table: CollectiveTable, hardware: HardwareColumns) -> FamilyCost:
    """Floor, steps, transfer and pipeline: ``floor + steps * step + sent / link + pipeline * sent / (sent + chunk)``.

    A ring sends ``(p - 1) / p`` of the message in ``p - 1`` steps, an all-reduce twice (Thakur, Rabenseifner and
    Gropp, 2005); short all-reduces go over a tree of ``2 log2 p`` steps. All-to-all sends directly in one step. Long
    messages go in chunks, whose pipeline has to fill; ranks behind shared links (a host's PCIe) slow one another.
    """
    ranks = np.maximum(table.num_ranks, 1.0)
    rounds = np.where(table.algorithm == CollectiveAlgorithm.ALL_REDUCE, 2.0, 1.0)
    sent = (rounds * (ranks - 1) / ranks * table.message_bytes)[:, None]
    steps = np.where(
        table.algorithm == CollectiveAlgorithm.ALL_TO_ALL,
        np.minimum(ranks - 1, 1.0),
        rounds * np.minimum(np.ceil(np.log2(ranks)), ranks - 1),
    )[:, None]
    pairs = np.maximum(ranks / 2.0 - 1.0, 0.0)[:, None]
    shared = 1.0 + hardware.parameters["collective.contention"] * pairs
    link = hardware.parameters["collective.link"] * hardware.link_bandwidth / shared
    transfer = np.nan_to_num(sent / link, nan=0.0)
    latency = hardware.parameters["collective.floor"] + steps * hardware.parameters["collective.step"]
    filled = hardware.parameters["collective.pipeline"] * sent / (sent + hardware.parameters["collective.chunk"])
    terms = {"link": transfer, "latency": latency}
    shown = {"transfer": transfer, "steps and floor": latency, "pipeline": filled}
    return FamilyCost(time=latency + transfer + filled, bound=bound_of(terms), terms=shown)
