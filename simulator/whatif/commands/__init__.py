"""The commands of ``whatif``, a module each."""
