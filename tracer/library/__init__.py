"""Graphs of named workloads: from the bundle that ships, from the cache, or traced now; and their parameters."""
