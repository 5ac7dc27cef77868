import numpy as np
import pytest

from simulator.kernels import Collective, CollectiveAlgorithm, CollectiveTable


@pytest.mark.parametrize(("ranks", "sent"), [(1, 0), (2, 400), (8, 700)])
def test_every_rank_sends_all_but_its_own_part(ranks, sent):
    kernel = Collective(
        name="all_gather",
        number_format="fp16",
        algorithm=CollectiveAlgorithm.ALL_GATHER,
        bytes_read=100,
        bytes_written=800,
        message_bytes=800,
        num_ranks=ranks,
    )
    table = CollectiveTable.from_kernels([kernel], np.ones(1))
    assert table.link_bytes.tolist() == [sent]
    assert table.memory_bytes.tolist() == [0]
    assert table.bytes.tolist() == [900]
