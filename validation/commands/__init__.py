"""Commands of ``validate``, a module for each group; :mod:`validation.__main__` registers them."""
