"""Published inputs and outputs, and the small adapters that map each unit onto ours.

`python -m tests.vectors FILE` runs one file. An adapter is a function from a vector to what our code gives
for its input; it reads the input and knows no id. `tests/vectors/*_units.py` register theirs by decorator.
"""
