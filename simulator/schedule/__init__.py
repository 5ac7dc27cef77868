"""Host and device on one clock, and what lives in memory meanwhile."""
