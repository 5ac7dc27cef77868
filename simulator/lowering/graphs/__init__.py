"""Whole graphs: distinct kernels once, and every stage as launches."""
