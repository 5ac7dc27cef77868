"""The machine that a run is recorded on: what it is, what its GPU reports while it runs, how much memory is free."""
