"""The backend: turns sound and emotion into performances and frames. Runs in its own Python, never inside Blender."""

from .engine import perform

__all__ = ["perform"]
