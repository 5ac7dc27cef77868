"""Searching the designs of a study for those that no other is better than."""
