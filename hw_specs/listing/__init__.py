"""Accelerators as rows and facts for people, ridge points, and whether numbers can be true together."""
