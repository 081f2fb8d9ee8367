"""The recipe of the independent judge of emotion."""
