"""Stage 1, learned: from speech and emotion to lips, expression, gaze, blinks and head (arXiv 2406.07895)."""
