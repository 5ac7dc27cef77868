"""Rows of tables of published figures: what each says of its run."""
