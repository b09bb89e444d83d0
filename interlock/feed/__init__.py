"""Publishing a tape: groups in lock-step or at speed, with headlines, instructions and faults among them."""
