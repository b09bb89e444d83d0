"""Random histories, played through the real kernel and through the naive specification side by side."""
