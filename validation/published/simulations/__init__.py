"""Simulations of published runs: each run once for each fidelity, many of them in several processes."""

from .processes import simulated
from .runs import Prediction, Simulations

__all__ = ["Prediction", "Simulations", "simulated"]
