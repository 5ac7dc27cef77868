"""What must hold whatever was fitted: a better accelerator slows nothing down, and small changes make no jumps."""
