"""How far predictions are from what was measured, and what they may be trusted for."""
