"""Predictions beside measurements: kernels, traces, graphs, projections, and the page of all tables."""
