"""A workload on several devices: which axes each of them holds a part of, and what they send one another."""
