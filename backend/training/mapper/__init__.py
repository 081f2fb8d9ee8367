"""The recipe of the mapper from relocated landmarks to a portrait's keypoints."""
