"""Measured operator calls: tables of other sources and our own, read into kernels and latencies."""
