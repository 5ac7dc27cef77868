"""Matrix products, and the units that run them."""
