"""Published end-to-end figures: cases, the map of their names, and the errors of their predictions."""
