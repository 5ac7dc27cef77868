from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from simulator.profile.upgrade import Upgrade


def test_an_upgrade_says_what_it_is_of_and_stays_so():
    twice = Upgrade(resource="compute", factor=2.0, latency=0.5, speed_up=1.6)
    assert (twice.resource, twice.factor, twice.latency * twice.speed_up) == ("compute", 2.0, 0.8)
    with pytest.raises(FrozenInstanceError):
        twice.factor = 3.0  # type: ignore[misc]
