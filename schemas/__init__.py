"""The words: every message, reason and topic, and the codec that reads them strictly."""
