"""How a command meets its terminal: interrupts, pipes that close, streams that cannot be written."""
