"""A study as a noun: the file that asks for it, its fields, and its designs by index."""
