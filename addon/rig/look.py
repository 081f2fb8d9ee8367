"""What a material looks like, as far as others than Blender can draw it: its colours, and whether it is seen at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import bpy
import numpy as np

GREY: Final[tuple[float, float, float]] = (0.8, 0.8, 0.8)
"""Blender's colour of a mesh without material."""
CLEAR_ALPHA: Final[float] = 0.05
CLEAR_TRANSMISSION: Final[float] = 0.5
"""Beyond these a surface is a window: corneas, tear lines. What is behind it is what shows."""


def is_clear(material: bpy.types.Material | None) -> bool:
    """Whether a material is see-through: in the viewport, or by its shader's alpha or transmission."""
    if material is None:
        return False
    if material.diffuse_color[3] == 0.0:
        return True
    shader = _principled(material)
    if shader is None:
        return False
    alpha, window = shader.inputs["Alpha"], shader.inputs["Transmission Weight"]
    return (not alpha.is_linked and alpha.default_value < CLEAR_ALPHA) or (
        not window.is_linked and window.default_value > CLEAR_TRANSMISSION
    )


def plain_colour(material: bpy.types.Material | None) -> tuple[float, float, float]:
    """Linear RGB of a material where nothing is painted: its shader's, or the viewport's where that is linked."""
    if material is None:
        return GREY
    shader = _principled(material)
    socket = shader.inputs["Base Color"] if shader is not None else None
    plain = material.diffuse_color if socket is None or socket.is_linked else socket.default_value
    return (float(plain[0]), float(plain[1]), float(plain[2]))


def vertex_colours(material: bpy.types.Material | None, mesh: bpy.types.Mesh) -> np.ndarray:
    """(V,3) linear RGB of a material at each vertex: a linked colour attribute's, or its plain colour."""
    plain = np.tile(plain_colour(material), (len(mesh.vertices), 1))
    shader = _principled(material) if material is not None else None
    socket = shader.inputs["Base Color"] if shader is not None else None
    if socket is None or not socket.is_linked:
        return plain
    node = socket.links[0].from_node
    attribute = mesh.color_attributes.get(getattr(node, "attribute_name", "") or getattr(node, "layer_name", ""))
    if attribute is None or attribute.domain != "POINT":
        return plain
    rgba = np.empty(len(attribute.data) * 4, dtype=np.float32)
    attribute.data.foreach_get("color", rgba)
    return rgba.reshape(-1, 4)[:, :3]


def colour_image(material: bpy.types.Material | None) -> bpy.types.Image | None:
    """The picture that a material's colour is taken from: the nearest one above its Base Color, or None.

    Of a material without a Principled shader it is the first picture that is stored as colour.
    """
    if material is None or material.node_tree is None:
        return None
    shader = _principled(material)
    if shader is not None:
        nodes = _above(shader.inputs["Base Color"])
    else:
        nodes = (n for n in material.node_tree.nodes if _holds_colour(n))
    return next((node.image for node in nodes if node.type == "TEX_IMAGE" and node.image is not None), None)


def _principled(material: bpy.types.Material) -> bpy.types.Node | None:
    nodes = material.node_tree.nodes if material.node_tree else ()
    return next((node for node in nodes if node.type == "BSDF_PRINCIPLED"), None)


def _holds_colour(node: bpy.types.Node) -> bool:
    return node.type == "TEX_IMAGE" and node.image is not None and node.image.colorspace_settings.name == "sRGB"


def _above(socket: bpy.types.NodeSocket) -> Iterator[bpy.types.Node]:
    """The nodes that a socket depends on, the nearest first, each once."""
    waiting, seen = [socket], set()
    while waiting:
        for link in waiting.pop(0).links:
            if link.from_node.name not in seen:
                seen.add(link.from_node.name)
                yield link.from_node
                waiting += [entry for entry in link.from_node.inputs if entry.is_linked]
