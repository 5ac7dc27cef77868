from __future__ import annotations

import pytest

from validation.published.names import Source, load_names
from validation.published.rows.language import Lengths, lengths_of, part_of_run

PATTERNS = load_names().lengths
UNKNOWN = Source(contains="")


@pytest.mark.parametrize(
    ("notes", "lengths", "part"),
    [
        ("q=A; static batch; prompt 128, output 2048", (128, 2048), None),
        ("q=B; output tok/s; in 2048 out 128, TP1", (2048, 128), None),
        ("q=A; first-token latency (prefill), input 128, TP1; rounded to 1 ms", (128, 1), "prefill"),
        ("q=A; first-token latency (prefill) at prompt 2048, batch 1", (2048, 1), "prefill"),
        ("q=A; decode, prompt 5 tokens; 1397 GB/s", (5, 200), "decode"),
    ],
)
def test_lengths_and_part_that_notes_state(notes, lengths, part):
    assert lengths_of(notes, PATTERNS, UNKNOWN) == Lengths(*lengths, stated=True)
    assert part_of_run(notes) == part


def test_a_rate_of_no_stated_length_is_none():
    assert lengths_of("q=B; closed Dell; llama2-70b-99 Offline", PATTERNS, UNKNOWN) is None
    assert lengths_of("q=A; prompt 5 tokens", PATTERNS, UNKNOWN) is None


def test_lengths_of_the_source_where_the_row_has_none():
    source = Source(contains="", prompt=5, generates=200)
    assert lengths_of("q=A; decode; 1028 GB/s", PATTERNS, source) == Lengths(5, 200, stated=False)
