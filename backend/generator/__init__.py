"""Stage 2: from a performance to frames."""
