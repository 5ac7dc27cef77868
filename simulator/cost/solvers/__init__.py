"""Solvers of a library of convolutions that has several algorithms: what each of them takes."""

from .parameters import SearchedConvolutionParameters
from .solvers import SOLVERS, SolverCost, solver_costs

__all__ = ["SOLVERS", "SearchedConvolutionParameters", "SolverCost", "solver_costs"]
