"""Figures that anyone can measure again: each module is a command, with a baseline measured in the same run."""
