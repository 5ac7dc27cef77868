"""What changes over a run."""

from simulator.profile.lengths import sampled_calls
from simulator.profile.memory import memory_over_run
from simulator.profile.steps import costliest_stage, spans_of
from simulator.views.html.over_run import MOST_SPANS, lengths_chart, memory_chart, timeline_chart


def test_a_lane_for_each_category_and_one_for_the_host(stable_diffusion_run):
    spans = spans_of(stable_diffusion_run, costliest_stage(stable_diffusion_run))
    chart = timeline_chart("unet", 50, spans)
    host, *lanes = chart.traces
    assert len(host["x"]) == len(spans)
    assert sum(len(lane["x"]) for lane in lanes) == 3 * len(spans)
    assert "the first of 50 runs" in chart.title
    chart.figure()


def test_long_steps_are_cut_and_say_so(stable_diffusion_run):
    spans = spans_of(stable_diffusion_run, costliest_stage(stable_diffusion_run)) * 5
    assert f"The first {MOST_SPANS} of {len(spans)} kernels" in timeline_chart("unet", 1, spans).says


def test_lengths_by_kind(stable_diffusion_run):
    calls = sampled_calls(stable_diffusion_run.launches.graph)
    chart = lengths_chart(calls)
    assert sum(len(trace["x"]) for trace in chart.traces) == len(calls)
    assert 4096 in chart.layout["yaxis"]["tickvals"]
    assert len(chart.layout["shapes"]) == len({call.stage for call in calls}) - 1
    assert lengths_chart([]) is None


def test_memory_stacks_to_the_peak(stable_diffusion_run):
    chart = memory_chart(memory_over_run(stable_diffusion_run), stable_diffusion_run.report)
    *areas, capacity = chart.traces
    assert max(map(sum, zip(*(area["y"] for area in areas), strict=True))) == stable_diffusion_run.report.peak_memory
    assert capacity["y"][0] == stable_diffusion_run.report.memory_capacity
