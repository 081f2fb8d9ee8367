"""The recipe of the model that reads the emotion from the voice."""
