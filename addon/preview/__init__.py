"""The preview pass: shots of a character, training sets of its renders, and the frames that come back."""
