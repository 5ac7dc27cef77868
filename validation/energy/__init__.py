"""Energies: measured power, fits, ceilings of boards, and how far predicted joules are off."""
