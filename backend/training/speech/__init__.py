"""The recipe of the speech encoder: what it learns from, and how."""
