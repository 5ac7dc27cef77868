from __future__ import annotations

from validation.study.sections.sequence_lengths import draw
from validation.study.table import Table


def test_token_decoders_grow_and_others_repeat(tables: dict[str, Table]) -> None:
    table = tables["sequence_lengths"]
    parti = [row for row in table.where(model="Parti", stage="decode") if row["kind"] == "self"]
    assert [parti[0]["sequence_length"], parti[-1]["sequence_length"]] == [1, 1024]
    assert all(row["query_length"] == 1 for row in parti)
    first, second = (
        table.numbers("sequence_length", model="Imagen", stage="base", repeat=r, kind="spatial") for r in (0, 255)
    )
    assert len(first) == 22
    assert first == second


def test_calls_are_numbered_in_order(tables: dict[str, Table]) -> None:
    for model in tables["sequence_lengths"].distinct("model"):
        order = tables["sequence_lengths"].numbers("order", model=model)
        assert order == list(range(len(order)))


def test_the_figure_has_a_panel_for_each_model(tables: dict[str, Table]) -> None:
    assert len(draw(tables["sequence_lengths"]).axes) == 8
