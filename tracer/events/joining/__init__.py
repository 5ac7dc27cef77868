"""Which launch and which operator each device event has, where numbers and clocks are as tools leave them."""
