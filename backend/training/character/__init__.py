"""The recipe of a character's painter, for the command line."""
