"""Measured traces carried over to another accelerator."""
