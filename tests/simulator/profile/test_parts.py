"""Parts of a run by any key: they add up, and agree with the report where that has them."""

from __future__ import annotations

import pytest

from hw_specs import load_accelerator
from simulator.profile.parts import KEYS, kernel_labels, parts_of, positions_by
from simulator.simulation import simulate


@pytest.mark.parametrize("key", KEYS)
def test_they_add_up_to_the_run(key, stable_diffusion_run) -> None:
    parts, report = parts_of(stable_diffusion_run, key), stable_diffusion_run.report
    for name in ("latency", "flops", "bytes", "launches"):
        assert sum(getattr(part, name) for part in parts) == pytest.approx(getattr(report, name))
    assert sum(part.share for part in parts) == pytest.approx(1.0)
    assert [part.latency for part in parts] == sorted((part.latency for part in parts), reverse=True)
    assert len({part.name for part in parts}) == len(parts)
    for part in parts:
        assert part.interval.low <= part.latency <= part.interval.high
        assert sum(part.to_dict()[name] for name in ("compute", "memory", "launch", "host", "power")) <= 1 + 1e-9


@pytest.mark.parametrize("key", ["stage", "category", "module"])
def test_the_report_has_the_same(key, stable_diffusion_run) -> None:
    report = stable_diffusion_run.report
    entries, ends = getattr(report, f"by_{key}"), report.part_intervals[f"by_{key}"]
    found = {part.name: part for part in parts_of(stable_diffusion_run, key)}
    assert found.keys() == entries.keys()
    for name, entry in entries.items():
        assert found[name].latency == entry.latency
        assert found[name].interval == ends[name]


def test_launches_of_an_operator_are_counted_by_hand(stable_diffusion_run) -> None:
    """Every fused attention is one kernel: 32 calls in each of 51 runs of the U-Net, 12 in each of 2 of the encoder."""
    (kernels,) = (p for p in parts_of(stable_diffusion_run, "operator") if p.name.endswith("dot_product_attention"))
    assert kernels.launches == 32 * 51 + 12 * 2 + 1


def test_kernels_are_told_apart_by_their_extents(stable_diffusion_run) -> None:
    kernels = stable_diffusion_run.kernels
    labels = kernel_labels(kernels)
    assert any(label.startswith("gemm fp16 m=") for label in labels)
    assert all(label.startswith(name) for label, name in zip(labels, kernels.name, strict=True))
    assert "=1 " not in " ".join(labels) + " "


def test_a_kernel_that_grows_is_one_part(decoder_run) -> None:
    names = [part.name for part in parts_of(decoder_run, "kernel")]
    assert any(name.endswith("(grows)") for name in names)
    assert len(names) < 100


def test_a_bound_has_no_intervals(stable_diffusion_run) -> None:
    graph = stable_diffusion_run.launches.graph
    (part, *_) = parts_of(simulate(graph, load_accelerator("a100"), fidelity="roofline"), "stage")
    assert part.interval is None
    assert (part.to_dict()["low"], part.to_dict()["high"]) == (None, None)


def test_other_keys_are_refused(stable_diffusion_run) -> None:
    with pytest.raises(ValueError, match="by 'layer': one of stage, category, operator, module, kernel"):
        positions_by(stable_diffusion_run.launches, "layer")
