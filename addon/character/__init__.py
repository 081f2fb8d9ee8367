"""The built-in character, made by code: geometry without Blender, and its builder in Blender."""
