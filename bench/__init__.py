"""Figures: every bench is a command, prints what it measured beside a baseline of the same run."""
