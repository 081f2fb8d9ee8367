"""The vocabulary that the add-on and the backend share: numpy and the standard library only, no Blender."""
