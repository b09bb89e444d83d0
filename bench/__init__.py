"""Figures that anyone can measure again: each module is a command, its baseline measured in the same run."""
