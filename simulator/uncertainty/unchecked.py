"""Ways of running for which no published run is known: what is said where the number is read."""

from __future__ import annotations

from tracer.graph import Workload

__all__ = ["unchecked_remarks"]


def unchecked_remarks(workload: Workload) -> tuple[str, ...]:
    """What no table measures of a workload, in sentences."""
    remarks = []
    if workload.step_cache is not None:
        remarks.append(
            f"step cache {workload.step_cache}: mechanism only, unchecked: no table has a run; which share of steps a "
            "threshold skips depends on prompt and steps, and is taken as given."
        )
    if workload.vae_tiling:
        remarks.append("autoencoder on tiles: mechanism only, unchecked: no table has a run.")
    return tuple(remarks)
