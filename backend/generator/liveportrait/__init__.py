"""A portrait becomes frames: the published LivePortrait architecture with weights that the user supplies."""
