from __future__ import annotations

import pytest

from validation.study.sections.temporal_attention import ALL_STAGES, draw
from validation.study.table import Table


def test_flops_of_one_call_by_hand(tables: dict[str, Table]) -> None:
    # Both halves of guidance, 16 frames, 32 x 32 pixels, 1024 channels; 4 context tokens join the spatial keys.
    chosen = {"stage": "decoder", "site": "32 x 32"}
    spatial, temporal = (tables["temporal_sites"].number("flops_operator", kind=k, **chosen) for k in _KINDS)
    assert spatial == 4 * 2 * 16 * 1024 * 1028 * 1024
    assert temporal == 4 * 2 * 1024 * 16**2 * 1024


_KINDS = ("spatial", "temporal")


def test_frames_move_to_the_sequence_and_pixels_to_the_batch(tables: dict[str, Table]) -> None:
    for row in tables["temporal_sites"].where(kind="temporal"):
        pixels = int(str(row["site"]).split(" x ")[0]) ** 2
        assert row["sequence_length"] == row["frames"]
        assert row["sequences"] == 2 * pixels


def test_modules_take_at_least_as_long_as_their_operators(tables: dict[str, Table]) -> None:
    for row in tables["temporal_sites"].rows:
        for attention in ("naive", "flash"):
            operator, module = (float(row[f"time_{attention}_{name}"] or 0) for name in ("operator", "module"))
            assert 0 < operator < module
        assert float(row["flops_operator"] or 0) < float(row["flops_module"] or 0)


def test_sites_add_up_to_the_totals(tables: dict[str, Table]) -> None:
    sites, totals = tables["temporal_sites"], tables["temporal_totals"]
    for attention in ("naive", "flash"):
        for attribution in ("operator", "module"):
            for stage, runs in (("decoder", 250), ("interpolation", 5 * 250)):
                summed = sum(
                    runs * float(row["calls"] or 0) * float(row[f"time_{attention}_{attribution}"] or 0)
                    for row in sites.where(stage=stage, kind="temporal")
                )
                chosen = {"stage": stage, "attention": attention, "attribution": attribution}
                assert totals.number("temporal_time", **chosen) == pytest.approx(summed)


def test_all_stages_hold_both_networks(tables: dict[str, Table]) -> None:
    totals = tables["temporal_totals"]
    chosen = {"attention": "flash", "attribution": "operator"}
    parts = sum(totals.number("temporal_flops", stage=s, **chosen) for s in ("decoder", "interpolation"))
    assert totals.number("temporal_flops", stage=ALL_STAGES, **chosen) == pytest.approx(parts)
    assert totals.number("spatial_over_temporal_flops", stage=ALL_STAGES, **chosen) > 1


def test_cache_traffic_is_what_leaves_the_l2(tables: dict[str, Table]) -> None:
    for row in tables["temporal_cache"].rows:
        traffic, kept, dram = (float(row[name] or 0) for name in ("traffic", "kept_in_l2", "dram_traffic"))
        assert 0 <= kept <= 1
        assert dram == pytest.approx(traffic * (1 - kept))
        assert float(row["working_set"] or 0) <= traffic * 1.001 * 8


def test_traffic_of_the_products_by_hand(tables: dict[str, Table]) -> None:
    # Scores: queries and keys in, 1024 x 1028 scores out; values: scores and values in, output out; 512 heads.
    scores, keys, out = 512 * 1024 * 1028, 512 * 1028 * 64, 512 * 1024 * 64
    chosen = {"stage": "decoder", "site": "32 x 32", "kind": "spatial", "attention": "naive", "kernels": "products"}
    # Projections are products too: queries, keys and values of the pixels, of the 4 context tokens, and the output.
    pixels, context = 32 * 1024 * 1024, 32 * 4
    projections = (
        (pixels + 3 * 1024 * 1024 + 3 * pixels + 3 * 1024)
        + (context * 2048 + 2048 * 2048 + context * 2048 + 2048)
        + (pixels + 1024 * 1024 + pixels + 1024)
    )
    expected = 2 * (out + keys + scores + scores + keys + out + projections)
    assert tables["temporal_cache"].number("traffic", **chosen) == pytest.approx(expected, rel=1e-3)


def test_the_figure_has_three_panels_for_each_network(tables: dict[str, Table]) -> None:
    assert len(draw(tables["temporal_sites"]).axes) == 6
