"""Operator calls to measure, one file a family: grids of shapes, and the calls of graphs that belong to the family."""

from .case import CaseNotRunnableError, KernelCase
from .catalogue import FAMILIES, Level, case_of, cases_of, prepare
from .plan import planned_cases

__all__ = ["FAMILIES", "CaseNotRunnableError", "KernelCase", "Level", "case_of", "cases_of", "planned_cases", "prepare"]
