"""What would HBM4 do for video generation? An H100 with the DRAM of tomorrow, beside the part as it is."""

from hw_specs import apply_overrides, load_accelerator
from simulator import compare, sensitivity, simulate
from tracer import graph_of

today = load_accelerator("h100")
# JEDEC JESD270-4: 2 TB/s a stack and up; six stacks, with 36 GiB each.
hbm4 = apply_overrides(today, ["memory.dram.bandwidth=12 TB/s", "memory.dram.capacity=216 GiB"])

for model in ("wan2.1-1.3b", "make-a-video", "cogvideox-5b"):
    graph = graph_of(model)
    before, after = simulate(graph, today), simulate(graph, hbm4)
    gain = compare(after, before).whole
    held = after.report.bound
    print(
        f"{model:14s} {before.report.latency:7.1f} s -> {after.report.latency:7.1f} s, {gain.ratio:.2f}x "
        f"({gain.interval.low:.2f} to {gain.interval.high:.2f}), "
        f"then held back by compute {held.compute:.0%}, power {held.power:.0%}"
    )

worth = sensitivity("wan2.1-1.3b", today).to_pandas()
print(worth[["field", "elasticity", "gain_2x"]].head(5).to_string(index=False))
