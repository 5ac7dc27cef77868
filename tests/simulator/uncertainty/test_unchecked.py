from __future__ import annotations

from simulator.uncertainty.unchecked import unchecked_remarks
from tracer.graph import Workload


def test_what_no_table_measures_is_said() -> None:
    (cached, tiled) = unchecked_remarks(Workload(step_cache="teacache=0.4", vae_tiling=True))
    assert cached.startswith("step cache teacache=0.4: mechanism only, unchecked")
    assert tiled.startswith("autoencoder on tiles: mechanism only, unchecked")
    assert unchecked_remarks(Workload(vae_slicing=True, lora="16,unfused", vae_tiling=False)) == ()
