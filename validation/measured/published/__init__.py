"""Single kernels in tables of published figures, as records of measured operator calls."""
