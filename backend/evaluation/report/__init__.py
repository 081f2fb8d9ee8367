"""Writing the report: what a section is, how it becomes HTML, and the drawings in it. Knows nothing of metrics."""
