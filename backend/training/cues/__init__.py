"""The recipe of the cue model: scenes of speech, the rules as teacher, and how the generators learn from them."""
