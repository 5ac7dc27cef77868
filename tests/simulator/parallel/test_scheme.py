"""Schemes as users write them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.parallel.scheme import ONE_DEVICE, Scheme, SchemeError


@pytest.mark.parametrize(
    ("text", "devices", "sequence"),
    [
        ("", 1, 1),
        ("1", 1, 1),
        ("ulysses=4,ring=2,cfg=2", 16, 8),
        ("tensor=8", 8, 1),
        ("data=3,tensor=2", 6, 1),
        ("patch=4", 4, 1),
        ("ulysses=4,patch=4", 4, 4),
        ("tensor=4,direct", 4, 1),
    ],
)
def test_devices(text, devices, sequence):
    scheme = Scheme.parse(text)
    assert (scheme.devices, scheme.sequence) == (devices, sequence)
    assert Scheme.parse(str(scheme)) == scheme


def test_one_device_has_no_name():
    assert str(ONE_DEVICE) == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ulyses=4", "'ulyses=4' is no split; did you mean ulysses=4"),
        ("tp=2", "'tp=2' is no split; did you mean tensor=2?"),
        ("8", "did you mean tensor=8 or ulysses=8 or data=8?"),
        ("tensor=two", "'tensor=two' is no split"),
        ("tensor=2,tensor=4", "each once"),
        ("tensor=0", "tensor=0: valid: 1 to 1000000 devices"),
        ("data=99999999999999999999", "'data=99999999999999999999' is no split"),
        ("data=1000001", "data=1000001: valid: 1 to 1000000 devices"),
        ("cfg=3", "guidance has two passes; valid: 1, 2"),
    ],
)
def test_refusals_say_what_would_do(text, message):
    with pytest.raises(SchemeError, match=message):
        Scheme.parse(text)


def test_scaled():
    assert Scheme(cfg=2).scaled("ulysses", 4) == Scheme(cfg=2, ulysses=4)
    with pytest.raises(SchemeError, match="valid: tensor, ulysses"):
        ONE_DEVICE.scaled("pipeline", 2)


def test_what_is_split_further_in_lies_between_the_ranks():
    scheme = Scheme(tensor=2, ulysses=4, cfg=2, data=3)
    assert [scheme.span(name) for name in ("tensor", "ulysses", "ring", "cfg")] == [2, 8, 8, 16]


_NUMBERS = st.one_of(st.integers().map(str), st.floats().map(str), st.text(max_size=30), st.just("9" * 5000))


@settings(max_examples=60, derandomize=True, deadline=None)
@given(split=st.sampled_from(["tensor", "data", "cfg", "x", ""]), number=_NUMBERS)
def test_any_number_of_devices_is_one_or_is_refused(split, number):
    with contextlib.suppress(SchemeError):
        assert 1 <= Scheme.parse(f"{split}={number}").devices <= 1_000_000
