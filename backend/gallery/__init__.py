"""The gallery: the pictures of the README, made from real performances in Blender."""
