"""The procedural performer: the readable reference of what a performance is."""
