"""Whole runs of language models in float32, a forward pass or a training step each, against measurements."""
