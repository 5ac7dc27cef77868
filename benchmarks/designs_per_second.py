"""Designs a second of ``whatif sweep``: ``python benchmarks/designs_per_second.py [MODEL ...]``."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time

from simulator import sweep

FIELDS = {
    "cores.count": {"low": 66, "high": 264},
    "cores.clock": {"low": "0.7x", "high": "1.3x"},
    "peak.matrix": {"low": "0.5x", "high": "2x", "scale": "log"},
    "memory.shared.capacity": {"low": "0.5x", "high": "2x", "scale": "log"},
    "memory.l2.capacity": {"low": "20 MiB", "high": "200 MiB", "scale": "log"},
    "memory.l2.bandwidth": {"low": "0.5x", "high": "2x", "scale": "log"},
    "memory.dram.bandwidth": {"low": "1 TB/s", "high": "10 TB/s", "scale": "log"},
    "power.board": {"low": "350 W", "high": "1200 W"},
}


def main(models: list[str]) -> None:
    for model in models:
        for fidelity, samples in (("calibrated", 2048), ("calibrated", 4096), ("roofline", 16384)):
            sampling = {"method": "latin-hypercube", "samples": samples, "seed": 1}
            study = {"models": model, "hw": "h100", "fidelity": fidelity, "sampling": sampling, "fields": FIELDS}
            with tempfile.TemporaryDirectory() as folder:
                before = time.process_time()
                summary = sweep(study, f"{folder}/results").summary
                busy = (time.process_time() - before) / summary.seconds
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{model:20} {fidelity:10} {samples:6} designs {summary.designs_per_second:9.1f} designs/s "
                f"on {busy:.2f} of {os.cpu_count()} cores, {memory:.0f} MiB",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:] or ["stable-diffusion", "make-a-video", "flux-dev"])
