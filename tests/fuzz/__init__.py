"""Rubbish, near-rubbish and well-signed nonsense for the kernel: `make fuzz N=1000000`."""
