"""What a workload may ask of any pipeline reaches what it builds; what asks for nothing leaves it alone."""

from __future__ import annotations

import pytest

from tracer.graph import GraphError, Workload
from tracer.workloads import find_pipeline, resolve
from tracer.workloads.variations import VARIATIONS, varied, without_fused_adapter


def test_a_workload_that_asks_for_nothing_leaves_the_pipeline_as_it_is():
    pipeline = find_pipeline("dit")
    assert varied(pipeline, pipeline.defaults) is pipeline
    assert all(hasattr(pipeline.defaults, name) for name in VARIATIONS)


def test_a_fused_adapter_is_nothing_to_run():
    assert without_fused_adapter(Workload(lora="16")) == Workload()
    assert without_fused_adapter(Workload(lora="16,unfused")).lora == "16,unfused"
    with pytest.raises(GraphError, match="lora -3"):
        without_fused_adapter(Workload(lora="-3"))


@pytest.mark.torch
def test_both_are_made_when_the_pipeline_builds(parameter_count):
    pipeline = find_pipeline("dit")
    plain = {spec.name: parameter_count(spec) for spec in pipeline.build(pipeline.defaults)}
    workload = resolve(pipeline, {"lora": "4,unfused", "vae_dtype": "float32"})
    specs = {spec.name: spec for spec in varied(pipeline, workload).build(workload)}
    adapters = 28 * 4 * 4 * (1152 + 1152)  # blocks, projections, rank, width in and out
    assert parameter_count(specs["transformer"]) == plain["transformer"] + adapters
    assert {str(p.dtype) for p in specs["vae_decoder"].module.parameters()} == {"torch.float32"}
