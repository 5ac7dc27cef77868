"""Results as one self-contained HTML page: what is drawn; libraries do the drawing. Nothing here computes a result."""
