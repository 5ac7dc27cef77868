from hw_specs import load_accelerator
from hw_specs.inheritance.sustained_rates import FREE_SHARE, sustained_rates


def test_every_rate_is_of_one_part_and_within_its_peak() -> None:
    for unit, formats in (("matrix", ("fp16", "bf16")), ("vector", ("fp32",))):
        rates = sustained_rates(unit)
        assert len({entry.accelerator for entry in rates}) == len(rates) > 5
        for entry in rates:
            part = load_accelerator(entry.accelerator)
            peaks = getattr(part.peak, unit)
            peak = (part.cores.clock_headroom or 1.0) * max(peaks.get(name, 0.0) for name in formats)
            assert part.name == entry.accelerator
            assert 0 < entry.rate <= 1.02 * peak
            assert entry.source


def test_the_best_products_come_close_to_the_peak() -> None:
    (entry,) = [rate for rate in sustained_rates("matrix") if rate.accelerator == "RTX-4090"]
    assert entry.rate == 155.4e12
    assert FREE_SHARE >= 155.4 / 165.2
