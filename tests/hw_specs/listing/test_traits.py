from pathlib import Path

from hw_specs import load_architecture
from hw_specs.inheritance.lineage import find_architecture
from hw_specs.listing.traits import assumptions, trait_rows


def test_rows_say_who_states_a_trait() -> None:
    rows = {row.path: row for row in trait_rows(load_architecture("hopper"))}
    assert rows["tiles.matrix"].value == "warpgroup"
    assert rows["tiles.matrix"].source == "nvjet kernel names"
    assert rows["tiles.vector"].source.startswith("assumed from ampere (")
    assert rows["attention.fallbacks"].value == "flash4 runs as flash3"
    assert rows["shortest_kernel"].value == "1.3 us"
    assert "core_flops_per_clock" not in rows


def test_assumptions_are_one_line() -> None:
    line = assumptions(load_architecture("hopper"))
    assert line == (
        "traits assumed from ampere: shared_bytes_per_clock, winograd, tiles (vector, vector_batched, implicit), "
        "attention (flash2_paged, efficient, spread_accumulators); from pascal: power_window, searched_convolutions, "
        "attention (flash4, cudnn_attention, trtllm, ck, aiter)"
    )
    assert "engine" not in line
    assert assumptions(load_architecture("pascal")) == ""


def test_an_architecture_that_states_nothing_assumes_all(tmp_path: Path) -> None:
    text = "name: rubin\nparent: blackwell\nsources: {parent: x}\n"
    (tmp_path / "rubin.yaml").write_text(text, encoding="utf-8")
    assert assumptions(find_architecture("rubin", (tmp_path,))) == "traits assumed from blackwell: all"
