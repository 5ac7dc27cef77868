"""Parts that nobody sells: what a specification file makes of others, and what it leaves assumed."""
