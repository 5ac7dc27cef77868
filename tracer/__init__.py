"""Operator graphs of workloads: their form, their capture, and the formats that they are read from."""
