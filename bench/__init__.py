"""Figures: commands that measure this system on this machine. None of them is a test."""
