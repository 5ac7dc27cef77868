"""Graphs and traces on disk: the two file formats, and files too large for memory."""
