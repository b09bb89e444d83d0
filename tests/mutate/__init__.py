"""Breaks the law on purpose, one place at a time, and looks whether a test notices: `make mutate`."""
