"""Ten lines: a part with numbers changed, a named workload, and a study of many such parts."""

from hw_specs import apply_overrides, load_accelerator
from simulator import simulate, sweep
from tracer import graph_of

part = apply_overrides(load_accelerator("h100"), ["memory.dram.bandwidth=2x", "memory.l2.capacity=80 MB"])
report = simulate(graph_of("stable-diffusion", {"batch": 1}), part).report
print(f"{report.latency:.3f} s, 80 % {report.interval.low:.3f} to {report.interval.high:.3f} s, {report.bound}")

study = {
    "models": ["stable-diffusion", "flux-dev"],
    "hw": "h100",
    "sampling": {"method": "sobol", "samples": 256, "seed": 1},
    "fields": {"memory.dram.bandwidth": {"low": "1x", "high": "4x"}, "peak.matrix": {"low": "1x", "high": "2x"}},
}
designs = sweep(study, "results").results.to_xarray()
print(designs.latency.min("design"))
