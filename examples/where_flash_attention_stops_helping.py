"""Where does flash attention stop helping? The gain over the score matrix in memory, along the size of the image."""

from hw_specs import load_accelerator
from simulator import Execution, compare, simulate
from tracer import graph_of

part = load_accelerator("a100")
print("size   tokens  naive      flash      gain   attention's share before and after")
for size in (256, 512, 768, 1024):
    graph = graph_of("stable-diffusion", {"height": size, "width": size})
    naive, flash = (simulate(graph, part, Execution(attention=name)) for name in ("naive", "flash"))
    gain = compare(flash, naive).whole
    shares = [
        sum(entry.share for name, entry in run.report.by_category.items() if name.startswith("attention"))
        for run in (naive, flash)
    ]
    tokens = (size // 8) ** 2
    print(
        f"{size:4d} {tokens:8d}  {naive.report.latency:6.3f} s   {flash.report.latency:6.3f} s   {gain.ratio:.2f}x  "
        f"{shares[0]:.0%} -> {shares[1]:.0%}"
    )
