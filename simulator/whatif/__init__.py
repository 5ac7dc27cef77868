"""What-if studies: what other hardware, software or sizes would make of a workload's time, energy and memory."""
