"""Parts of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.events.parts import AFTER, BEFORE, STEP, part_of, parts_of
from tracer.trace import RunFacts, Trace, TraceFormatError

_ENCODER = ["embedding", "mm", "gelu", "mm", "layer_norm"]
_LAYER = ["layer_norm", "mm", "softmax", "mm", "add"]
_DECODER = ["mul", "convolution", "silu", "convolution"]
_STEP = ["cat", *_LAYER * 3, "chunk", "sub"]


def _trace(names: Sequence[str], builder: TraceBuilder | None = None, width: Sequence[int] = ()) -> Trace:
    builder = builder or TraceBuilder()
    for place, name in enumerate(names):
        extent = width[place] if width else 4
        arguments = RecordedArguments(shapes=[[extent, 4]], types=["float"])
        builder.add_call(f"aten::{name}", arguments, start=100 * place, duration=50)
    return builder.build("run", RunFacts())


def _counts(trace: Trace) -> dict[str, tuple[int, int]]:
    """Runs and calls of each part."""
    return {part.name: (len(part.spans), len(part_of(trace, part.name)[0].calls)) for part in parts_of(trace)}


def test_steps_are_found_between_encoder_and_decoder_although_layers_repeat_too() -> None:
    trace = _trace([*_ENCODER, *_STEP * 10, *_DECODER])
    # Views as `chunk` mark no boundary, but belong to the step around them.
    assert _counts(trace) == {BEFORE: (1, 5), STEP: (10, 180), AFTER: (1, 4)}


def test_steps_whose_shapes_grow_are_steps() -> None:
    names = ["embedding", *_LAYER, "argmax"] * 6
    assert _counts(_trace(names, width=[4 + place // 7 for place in range(42)])) == {STEP: (6, 42)}


def test_a_decoder_that_begins_as_a_step_does_is_told_by_its_shapes() -> None:
    names = [*_ENCODER, *_STEP * 4, "cat", "convolution"]
    width = [4] * (5 + 18 * 4) + [9, 9]
    assert _counts(_trace(names, width=width)) == {BEFORE: (1, 5), STEP: (4, 72), AFTER: (1, 2)}


def test_one_step_by_its_number() -> None:
    trace = _trace([*_ENCODER, *_STEP * 10, *_DECODER])
    third, runs = part_of(trace, "step 3")
    assert (len(third.calls), runs) == (18, 1)
    assert third.calls.start[0] == pytest.approx((5 + 2 * 18) * 1e-7)
    with pytest.raises(TraceFormatError, match=r"no part 'step 11'; it has before steps, step \(1 to 10\), after"):
        part_of(trace, "step 11")


def test_annotations_are_parts_and_numbered_ones_are_runs_of_one() -> None:
    builder = TraceBuilder()
    for number in (7, 8):
        builder.add_annotation(f"ProfilerStep#{number}", start=100 * 2 * (number - 7), duration=199)
    builder.add_annotation("decoder", start=400, duration=99)
    trace = _trace(["mm", "add", "mm", "add", "convolution"], builder)
    parts = {part.name: part for part in parts_of(trace)}
    assert len(parts["ProfilerStep"].spans) == 2
    assert len(part_of(trace, "ProfilerStep#8")[0].calls) == 2
    assert part_of(trace, "ProfilerStep#8")[0].calls.start[0] == pytest.approx(2e-7)
    assert part_of(trace, "ProfilerStep")[1] == 2
    assert len(part_of(trace, "decoder")[0].calls) == 1


def test_stages_of_a_capture_are_parts() -> None:
    builder = TraceBuilder()
    for place, stage in enumerate(("encoder", "denoiser", "denoiser", "decoder")):
        builder.add_annotation(f"stage:{stage}", start=200 * place, duration=199)
    trace = _trace(["mm", "add", "mul", "div", "sub", "exp", "convolution", "silu"], builder)
    assert _counts(trace) == {"encoder": (1, 2), "denoiser": (1, 4), "decoder": (1, 2)}


def test_what_repeats_nothing_and_names_nothing_has_no_parts() -> None:
    assert parts_of(_trace(["mm", "add", "convolution"])) == ()
    trace = _trace(_STEP * 3)
    bare = replace(trace, calls=replace(trace.calls, start=np.full(len(trace.calls), np.nan)))
    assert parts_of(bare) == ()
    with pytest.raises(TraceFormatError, match="it has none"):
        part_of(bare, "step")
