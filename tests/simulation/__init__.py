"""The whole road from a signal to the venue in one process, on a simulated log, under faults from a seed."""
