"""What moves memory more than it computes: elementwise operators, reductions, copies, normalizations."""
