"""Graphs and traces on disk: the two file formats, the bundle that ships and the cache."""
