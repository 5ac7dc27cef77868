"""From a trace on this CPU to an H200: a module is measured here, held against its prediction, and carried over."""

import tempfile
from pathlib import Path

import torch

from hw_specs import load_accelerator
from simulator import project, simulate
from tracer import read_trace, save_trace, trace_callable, trace_module

block = torch.nn.Sequential(
    torch.nn.Linear(512, 2048), torch.nn.GELU(), torch.nn.Linear(2048, 512), torch.nn.LayerNorm(512)
).eval()
tokens = torch.randn(64, 512)

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "mine.trace"
    save_trace(trace_callable(block, tokens), path)
    trace = read_trace(path)

# The operators alone, predicted on the target: what a device adds or saves stands beside the projection.
target = load_accelerator("h200")
predicted = simulate(trace_module(block, tokens), target).report
carried = project(trace, load_accelerator("epyc_9654"), target)
print(f"measured here   {trace.device_time * 1e6:9.1f} us in operators")
print(f"on an {target.name}: {predicted.latency * 1e6:.1f} us predicted")
print(f"carried over: {carried.combined_time * 1e6:.1f} us")
