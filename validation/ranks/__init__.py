"""Messages between the ranks of a measured run."""
