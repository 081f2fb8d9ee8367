"""The demonstration: a shipped line of dialogue, and what is made of it."""
