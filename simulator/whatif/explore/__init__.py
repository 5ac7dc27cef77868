"""``whatif explore``: a page on this machine whose figures move while a design is changed."""
