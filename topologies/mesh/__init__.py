"""EOAM: agents that reason in parallel on one snapshot; the arbiter makes one answer of theirs."""
