"""What a workload costs on an accelerator: work, lowering, kernel cost, timeline and report."""
