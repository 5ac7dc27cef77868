"""Attention, forward and backward, and which fused kernel runs it."""
