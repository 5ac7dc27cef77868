"""A study as people read it: the page, its figures, its files, and the claims as text."""
