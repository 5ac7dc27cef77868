"""From measured calls to parameters: least squares, published ceilings, residuals, interval factors."""
