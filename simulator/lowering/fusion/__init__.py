"""What becomes part of another kernel: epilogues of products, chains of memory-bound operators."""
