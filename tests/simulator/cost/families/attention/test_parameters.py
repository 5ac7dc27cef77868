from simulator.cost.families.attention.parameters import (
    AttentionParameters,
    SpecialisedAttentionParameters,
    StagedAttentionParameters,
)


def test_what_traces_show_is_left_to_them() -> None:
    plain, special, staged = (
        kind.declarations() for kind in (AttentionParameters, SpecialisedAttentionParameters, StagedAttentionParameters)
    )
    assert plain["latency"].default == 0.0
    assert all(plain[name].observed for name in ("exponential", "overlap", "latency"))
    assert not special["exponential"].observed
    assert set(staged) - set(plain) == {"softmax", "spread_softmax"}
