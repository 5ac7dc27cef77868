import numpy as np

from simulator.kernels import Attention, AttentionAlgorithm, AttentionTable


def test_columns():
    extents = {"num_heads": 16, "query_length": 5, "key_length": 7, "head_dim": 64, "value_dim": 64}
    kernel = Attention(name="a", number_format="fp16", algorithm=AttentionAlgorithm.FLASH3, **extents)
    table = AttentionTable.from_kernels([kernel], np.ones(1))
    assert {name: values[0] for name, values in table.extents().items()} == {
        **extents,
        "heads_per_key_head": 1,
        "key_share": 1.0,
        "products": 1,
    }
    assert (table.algorithm[0], table.causal[0]) == (AttentionAlgorithm.FLASH3, False)
    assert table.contracts
