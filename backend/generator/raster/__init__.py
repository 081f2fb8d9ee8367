"""A software rasteriser in pure torch: a mesh in motion becomes shaded frames on any device, without a display."""

from .render import render
from .scene import STUDIO, Camera, Light, Look, Mesh
from .texture import Texturing

__all__ = ["STUDIO", "Camera", "Light", "Look", "Mesh", "Texturing", "render"]
