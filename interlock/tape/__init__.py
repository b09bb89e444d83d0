"""Market tapes: the shipped day, and readers for others."""
