"""What the kernel knows: folded from records, never from a clock or a database."""
