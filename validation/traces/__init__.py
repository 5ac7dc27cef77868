"""Traces beside one another, and their parts."""
