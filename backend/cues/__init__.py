"""Stage 1, learned: speech and emotion to lips, expression, gaze, blinks and head (after arXiv 2406.07895)."""
