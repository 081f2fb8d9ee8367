"""The report's chapters: each lets engines perform what it needs, measures, and returns one Section."""
