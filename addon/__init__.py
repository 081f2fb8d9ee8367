"""The Blender add-on. Importing it touches no Blender module, so that addon.core serves the backend too."""
