"""Families of kernels: parameters, cost functions and records, one module each, and the list of them."""

from .listing import FAMILIES, GROUPS, PARAMETERS, family_of, group_cost, group_named, groups_of, parameter_group

__all__ = ["FAMILIES", "GROUPS", "PARAMETERS", "family_of", "group_cost", "group_named", "groups_of", "parameter_group"]
