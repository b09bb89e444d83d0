"""What a forger would do to a ledger, done on a copy: every attack of the design, and what finds it."""
