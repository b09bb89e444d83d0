"""Figures: each a command that anyone can run, with the ratio against a baseline measured in the same run."""
