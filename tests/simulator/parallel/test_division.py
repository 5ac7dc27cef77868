"""Operands of one of several devices."""

from __future__ import annotations

from simulator.parallel.division import Division
from simulator.parallel.survey import survey_of


def test_extents_along_the_axis_are_shorter_and_steps_past_it_too(tokens):
    survey = survey_of(tokens, "model")
    main = survey.main_attention()
    (length,) = survey.axes.roots(main.inputs[0][2])
    division = Division(survey, {length: 4})
    query = division.operator(main.op, main).inputs[0]
    assert query.shape == (2, 4, 2, 4)
    assert query.strides == (2 * 16, 4, 16, 1)
    assert division.storage_parts(9) == 4
    assert division.storage_parts(1) == 1


def test_nothing_divided_is_the_same_operator(tokens):
    survey = survey_of(tokens, "model")
    main = survey.main_attention()
    assert Division(survey, {}).operator(main.op, main) is main.op


def test_a_norm_says_how_long_its_rows_are(tokens):
    survey = survey_of(tokens, "model")
    norm = survey.calls["stage"][0]
    (channels,) = survey.axes.roots(norm.inputs[0][2])
    assert Division(survey, {channels: 2}).operator(norm.op, norm).inputs[0].shape == (2, 8, 8)
