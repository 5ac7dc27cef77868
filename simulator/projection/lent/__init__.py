"""Shapes that a graph lends to a trace that was recorded without them."""
