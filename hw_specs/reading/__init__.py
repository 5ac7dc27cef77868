"""Reading specification files: strict YAML, and one-line messages for what is refused."""
