"""Convolutions, forward and backward, with the conversions of their layout."""
