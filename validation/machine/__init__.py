"""The machine at hand: a probe that describes it, a campaign that measures it, a check of its prediction."""
