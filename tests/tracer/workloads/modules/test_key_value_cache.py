from __future__ import annotations

import pytest
import torch

from tracer.graph import KEY_VALUE_CACHES
from tracer.workloads.modules.key_value_cache import KeyValueCache, LayerShape

pytestmark = pytest.mark.torch

SHAPE = LayerShape(heads=2, key_dim=8, value_dim=4)


def cache(kind: str, filled: int = 3) -> KeyValueCache:
    return KeyValueCache.holding(kind, SHAPE, batch=5, filled=filled, new=1, room=10, dtype=torch.float16)


@pytest.mark.parametrize("kind", KEY_VALUE_CACHES)
def test_attention_reads_what_is_filled_or_all_under_a_mask(kind):
    new = [torch.empty((5, 2, 1, width), dtype=torch.float16, device="meta") for width in (8, 4)]
    keys, values = cache(kind).extended(*new)
    length = 10 if kind == "masked" else 4
    assert (keys.shape, values.shape) == ((5, 2, length, 8), (5, 2, length, 4))
    query = torch.empty((5, 6, 1, 8), dtype=torch.float16, device="meta")
    assert cache(kind).attended(
        query, keys[:, :1].expand(5, 6, length, 8), values[:, :1].expand(5, 6, length, 4)
    ).shape == (5, 6, 1, 4)


def test_room_of_a_dynamic_cache_is_what_it_holds():
    assert cache("dynamic").keys.shape[2] == 3
    assert cache("static").keys.shape[2] == 10


def test_static_writes_in_place():
    held = cache("static")
    keys, _ = held.extended(*(torch.empty((5, 2, 1, width), dtype=torch.float16, device="meta") for width in (8, 4)))
    assert keys.untyped_storage()._cdata == held.keys.untyped_storage()._cdata


@pytest.mark.parametrize("kind", KEY_VALUE_CACHES)
@pytest.mark.parametrize("stored", [torch.float8_e4m3fn, torch.int8])
def test_a_narrow_cache_is_converted_unless_the_kernel_reads_it(kind, stored):
    held = KeyValueCache.holding(kind, SHAPE, batch=5, filled=3, new=1, room=10, dtype=stored)
    new = [torch.empty((5, 2, 1, width), dtype=torch.float16, device="meta") for width in (8, 4)]
    read = held.extended(*new)
    assert {t.dtype for t in (held.keys, held.values)} == {stored}
    assert {t.dtype for t in read} == {stored if kind == "paged" else torch.float16}
    assert [t.shape[-2] for t in read] == [10 if kind == "masked" else 4] * 2
