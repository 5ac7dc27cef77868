"""What a predicted run looks like: kernels under their ceilings, spans, lengths, memory, and what would help."""
