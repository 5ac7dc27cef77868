"""What a device holds beside tensors, by hand arithmetic, and against peaks that others published."""

from __future__ import annotations

import pytest

from hw_specs import load_accelerator
from simulator.execution import Execution
from simulator.lowering import execution_on
from simulator.schedule.device_memory import DeviceMemory, device_memory
from simulator.schedule.peak_memory import peak_tensors
from tracer.library.graphs import graph_of

_A100 = load_accelerator("a100")


def test_the_sum_and_what_the_allocator_counts() -> None:
    memory = DeviceMemory(weights=1, activations=20, workspaces=300, libraries=4000, allocator=50_000, context=600_000)
    assert memory.allocated == 321
    assert memory.total == 654_321


def test_the_context_reserves_a_stack_for_each_resident_thread(stable_diffusion_graph) -> None:
    memory = device_memory(stable_diffusion_graph, Execution(), _A100)
    assert memory.context == 108 * 2048 * 1024 + 159 * 2**20
    assert memory.libraries == 64 * 2**20
    assert 0 < memory.allocator < 0.2 * memory.weights


def test_a_device_that_is_no_gpu_is_charged_with_tensors_alone(stable_diffusion_graph) -> None:
    memory = device_memory(stable_diffusion_graph, Execution(), load_accelerator("tpu-v4"))
    assert (memory.libraries, memory.allocator, memory.context) == (0, 0, 0)


# Of runs of diffusers 1.0 at one image of 1024 x 1024 pixels: max_memory_allocated in GiB, without the weights of all
# components. Two of OneDiff's README files and huggingface/diffusers benchmarks (collated_results.csv).
@pytest.mark.parametrize(("model", "published", "within"), [("sdxl", 10.47, 0.06), ("stable-diffusion", 2.62, 0.25)])
def test_activations_and_workspaces_of_published_runs(model: str, published: float, within: float) -> None:
    graph = graph_of(model, {})
    tensors = peak_tensors(graph, execution_on(load_accelerator("rtx-3090"), Execution()))
    assert tensors.total - tensors.weights == pytest.approx(published * 2**30 - graph.parameter_bytes, rel=within)


def test_channels_last_images_need_no_workspace() -> None:
    graph = graph_of("stable-diffusion", {})
    assert (
        peak_tensors(graph, Execution(channels_last=True)).workspaces == 0 < peak_tensors(graph, Execution()).workspaces
    )
