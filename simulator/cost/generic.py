"""Generic mechanism: shares of the datasheet rates, and a shortest duration."""

from __future__ import annotations

import numpy as np

from simulator.kernels import Implementation, KernelTable

from .family import FamilyCost, bound_of
from .hardware import HardwareColumns
from .roofline import roofline_terms

__all__ = ["generic_cost"]


def generic_cost(group: str, table: KernelTable, hardware: HardwareColumns) -> FamilyCost:
    """Floor plus the largest roofline term over the share of its rate that the family reaches."""
    if group == "collective":
        return collective_cost(table, hardware)
    terms = roofline_terms(table, hardware)
    rate = hardware.parameters.get(f"{group}.rate", np.ones(len(hardware)))
    shares = {"matrix": rate, "vector": rate, "dram": hardware.parameters[f"{group}.dram"]}
    scaled = {name: term / shares.get(name, 1.0) for name, term in terms.items()}
    busy = np.stack(list(scaled.values())).max(axis=0)
    floor = np.broadcast_to(hardware.parameters[f"{group}.floor"], busy.shape)
    return FamilyCost(
        time=floor + busy, bound=bound_of({**scaled, "latency": floor}), terms={**scaled, "latency": floor}
    )


def collective_cost(table: KernelTable, hardware: HardwareColumns) -> FamilyCost:
    """Ring: each rank sends ``(p - 1) / p`` of the message, in an all-reduce twice (Thakur et al., 2005)."""
    ranks = np.maximum(table.n, 1.0)
    rounds = np.where(table.implementation == Implementation.ALL_REDUCE, 2.0, 1.0)
    sent = (rounds * (ranks - 1) / ranks * table.m)[:, None]
    link = hardware.parameters["collective.link"] * hardware.link_bandwidth
    transfer = np.nan_to_num(sent / link, nan=0.0)
    floor = np.broadcast_to(hardware.parameters["collective.floor"], transfer.shape)
    terms = {"l2": transfer, "latency": floor}
    return FamilyCost(time=floor + transfer, bound=bound_of(terms), terms=terms)
