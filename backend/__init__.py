"""The backend: turns sound and emotion into performances and frames. Runs in its own Python, never inside Blender."""
