"""What carries from one accelerator to another: manufacturing processes, kinds of DRAM, lineage."""
