"""Energy of a run: what kernels take, what the board draws while it waits."""
