"""Memory of published runs: what each source counts, and how far predictions are off."""
