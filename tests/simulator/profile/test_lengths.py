"""Sequence lengths over a run."""

import pytest

from simulator.profile.lengths import GROWING_REPEATS, sampled_calls, sequence_length
from tracer.lengths import AttentionCall


@pytest.mark.parametrize(("queries", "keys", "length"), [(1, 300, 300), (256, 128, 256)])
def test_length_is_the_queries_or_what_one_query_looks_back_on(queries, keys, length):
    call = AttentionCall(
        stage="s",
        repeat=0,
        position=0,
        module="m",
        kind="self",
        query_length=queries,
        key_length=keys,
        sequences=1,
        heads=1,
        head_dim=64,
    )
    assert sequence_length(call) == length


def test_stages_follow_one_another_with_two_repeats_each(stable_diffusion_run):
    calls = sampled_calls(stable_diffusion_run.launches.graph)
    stages = list(dict.fromkeys(call.stage for call in calls))
    assert stages == [name for name in stable_diffusion_run.report.by_stage if name in stages]
    assert {call.repeat for call in calls if call.stage == "unet"} == {0, 50}  # 51 runs of PNDM
    assert max(map(sequence_length, calls)) == 4096  # 64 x 64 latent positions


def test_a_growing_stage_has_one_call_of_each_of_some_repeats(decoder_run):
    lengths = [sequence_length(c) for c in sampled_calls(decoder_run.launches.graph) if c.stage == "decode"]
    assert len(lengths) == GROWING_REPEATS
    assert lengths == sorted(lengths)
    assert lengths[-1] - lengths[0] == 126  # 127 repeats, a token each
