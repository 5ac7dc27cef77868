"""Numbers at the border: unit strings, marked quantities, and names of number formats."""
