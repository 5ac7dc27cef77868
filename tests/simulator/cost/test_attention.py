import pytest

from simulator.cost.attention import attention_cost
from simulator.kernels import Implementation, KernelFamily


@pytest.fixture
def attention(table):
    def build(batch, queries, keys, head, **options):
        read = batch * (queries + 2 * keys) * head * 2.0
        return table(
            family=KernelFamily.ATTENTION,
            implementation=options.pop("implementation", Implementation.FLASH2),
            number_format="bf16",
            matrix_flops=4.0 * batch * queries * keys * head,
            special_ops=batch * queries * keys,
            bytes_read=read,
            bytes_written=batch * queries * head * 2.0,
            batch=batch,
            m=queries,
            n=keys,
            k=head,
            **options,
        )

    return build


def test_products_by_hand(hardware, attention):
    # 64 heads of 4096 x 4096 x 64: 2.75e11 FLOP at 75 % of 100 TFLOP/s.
    cost = attention_cost("flash2", attention(64.0, 4096.0, 4096.0, 64.0), hardware())
    assert cost.terms["products"][0, 0] == pytest.approx(4 * 64 * 4096**2 * 64 / 75e12)


def test_causal_takes_about_half(hardware, attention):
    full = attention_cost("flash2", attention(64.0, 8192.0, 8192.0, 64.0), hardware()).time[0, 0]
    half = attention_cost("flash2", attention(64.0, 8192.0, 8192.0, 64.0, causal=True), hardware()).time[0, 0]
    assert 0.48 < half / full < 0.65


def test_keys_are_split_for_a_single_query(hardware, attention):
    cost = attention_cost("flash2", attention(8.0, 1.0, 65536.0, 128.0), hardware())
    assert cost.terms["splits of the keys"][0, 0] > 1


def test_many_short_sequences_are_rounds_of_small_blocks(hardware, attention):
    few = attention_cost("flash2", attention(1000.0, 16.0, 16.0, 64.0), hardware()).time[0, 0]
    many = attention_cost("flash2", attention(64000.0, 16.0, 16.0, 64.0), hardware()).time[0, 0]
    assert many > 20 * few


def test_flash2_on_hopper_is_bound_by_its_instructions(hardware, attention):
    kernel = attention(64.0, 8192.0, 8192.0, 128.0)
    part = hardware(architecture="hopper")
    assert attention_cost("flash2", kernel, part).time[0, 0] > 1.3 * attention_cost("flash3", kernel, part).time[0, 0]
