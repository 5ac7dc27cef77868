"""A measurement campaign: kernels and whole models within some minutes, the most valuable first."""
