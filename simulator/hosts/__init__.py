"""What the host costs: calls from Python, launches, gaps."""
