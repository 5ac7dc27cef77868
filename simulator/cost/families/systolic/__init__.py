"""Systolic engines: kernels of every family on a grid of multipliers, a vector unit and a memory that software manages.

Nothing here knows thread blocks, waves, shared memory or a library's tiles. A family of kernels names its group of this
room (:attr:`simulator.cost.families.family.Family.systolic`), and the cost model takes that where an accelerator's
engine is systolic.
"""
