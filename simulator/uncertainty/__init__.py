"""How far off a prediction may be: deviations of kernels, intervals of runs."""
