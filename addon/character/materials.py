"""Materials of a character: node trees for Cycles and EEVEE, and colours for the solid viewport.

The solid viewport (and `addon.rig.dump`, which shows what it shows) takes a material's viewport colour, roughness and
specular intensity; a viewport colour without any alpha is see-through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..core.colour import linear

if TYPE_CHECKING:
    import bpy


@dataclass(frozen=True)
class Finish:
    """How a surface answers light, in the terms of Blender's Principled shader.

    specular is for the solid viewport, 0..1; at 0 nothing is mirrored in a render either. scatter is the share of
    light that enters and comes out beside, `reach` its mean free path in metres for red, green and blue; coat is a
    wet film.
    """

    roughness: float = 0.55
    specular: float = 0.35
    scatter: float = 0.0
    reach: tuple[float, float, float] = (0.0, 0.0, 0.0)
    coat: float = 0.0
    anisotropic: float = 0.0
    bump: float = 0.0
    painted: bool = False
    """Whether colour comes from the mesh's colour attribute."""


COLOUR_ATTRIBUTE: Final[str] = "Color"
SEE_THROUGH: Final[frozenset[str]] = frozenset({"cornea"})
FINISHES: Final[Mapping[str, Finish]] = {
    # Skin: mean free paths of Jensen et al. (SIGGRAPH 2001, skin1: 3.67, 1.37, 0.68 mm), a third as for a lit portrait.
    "skin": Finish(0.46, 0.35, 0.35, (0.0037, 0.0014, 0.0007), bump=0.05, painted=True),
    "lips": Finish(0.30, 0.60, 0.30, (0.0037, 0.0014, 0.0007), coat=0.45, painted=True),
    "mouth": Finish(0.35, 0.10, coat=0.4),
    "brow": Finish(0.70, 0.08),
    "lash": Finish(0.70, 0.05),
    "hair": Finish(0.46, 0.30, anisotropic=0.6, bump=0.25, painted=True),
    "sclera": Finish(0.20, 0.40, 0.10, (0.002, 0.001, 0.0008), coat=1.0),
    "limbus": Finish(0.25, 0.10),
    "iris": Finish(0.35, 0.20),
    "pupil": Finish(0.60, 0.0),
    "teeth": Finish(0.22, 0.60, 0.15, (0.0010, 0.0009, 0.0008), coat=0.6),
    "gums": Finish(0.30, 0.50, 0.20, (0.0030, 0.0012, 0.0007), coat=0.7),
    "tongue": Finish(0.38, 0.30, 0.25, (0.0030, 0.0012, 0.0007), coat=0.45, bump=0.15, painted=True),
}
SPECULAR: Final[Mapping[str, float]] = {name: finish.specular for name, finish in FINISHES.items()} | {"glint": 0.0}
"""Specular intensity of the solid viewport by material."""
_MATT_IN_SOLID_VIEW: Final[frozenset[str]] = frozenset({"pupil", "iris", "limbus", "brow", "lash", "mouth", "glint"})
_CORNEA_INDEX: Final[float] = 1.376
"""Refractive index of the cornea (Gullstrand's eye)."""
_BUMP_SCALE: Final[Mapping[str, float]] = {"skin": 900.0, "tongue": 500.0, "hair": 260.0}
"""Grains per metre of the fine relief, by material."""


def make_material(name: str, colour: tuple[float, float, float]) -> bpy.types.Material:
    """The material of one palette colour (sRGB), or the clear cornea."""
    import bpy

    material = bpy.data.materials.new(name)
    if material.node_tree is None:
        material.use_nodes = True
    alpha = 0.0 if name in SEE_THROUGH else 1.0
    material.diffuse_color = (*linear(colour), alpha)
    # Solid view knows no cornea: a broad highlight would turn the pupil grey.
    finish = FINISHES.get(name, Finish())
    material.roughness = 1.0 if name in _MATT_IN_SOLID_VIEW else finish.roughness
    material.specular_intensity = SPECULAR.get(name, 0.35)
    special: Mapping[str, Callable[[bpy.types.Material], None]] = {"cornea": _clear, "glint": _unseen}
    if name in special:
        special[name](material)
    else:
        _principled(material, name, finish)
    return material


def _principled(material: bpy.types.Material, name: str, finish: Finish) -> None:
    tree = material.node_tree
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    widest = max(*finish.reach, 1e-9)
    values = {
        "Base Color": material.diffuse_color,
        "Roughness": finish.roughness,
        "Subsurface Weight": finish.scatter,
        "Subsurface Radius": tuple(r / widest for r in finish.reach),
        "Subsurface Scale": widest,
        "Specular IOR Level": 0.5 if finish.specular else 0.0,
        "Coat Weight": finish.coat,
        "Coat Roughness": 0.08,
        "Anisotropic": finish.anisotropic,
    }
    for socket, value in values.items():
        shader.inputs[socket].default_value = value
    if finish.painted:
        attribute = tree.nodes.new("ShaderNodeAttribute")
        attribute.attribute_name = COLOUR_ATTRIBUTE
        attribute.location = (-420.0, 300.0)
        tree.links.new(attribute.outputs["Color"], shader.inputs["Base Color"])
    if finish.bump:
        _relief(tree, shader, finish.bump, _BUMP_SCALE[name])
    if name == "iris":
        _rays(tree, shader, material.diffuse_color)


def _relief(tree: bpy.types.NodeTree, shader: bpy.types.Node, strength: float, scale: float) -> None:
    """Fine grain of the surface: pores, taste buds, strands."""
    place, noise, bump = (
        tree.nodes.new(f"ShaderNode{kind}") for kind in ("TexCoord", "TexNoise", "Bump")
    )  # fmt: skip
    noise.inputs["Scale"].default_value = scale
    bump.inputs["Strength"].default_value = strength
    bump.inputs["Distance"].default_value = 0.0004
    place.location, noise.location, bump.location = (-820.0, -300.0), (-620.0, -300.0), (-300.0, -300.0)
    tree.links.new(place.outputs["Object"], noise.inputs["Vector"])
    tree.links.new(noise.outputs["Fac"], bump.inputs["Height"])
    tree.links.new(bump.outputs["Normal"], shader.inputs["Normal"])


def _rays(tree: bpy.types.NodeTree, shader: bpy.types.Node, colour: tuple[float, ...]) -> None:
    """The iris's fibres: light and dark rays round the pupil, from the angle on the texture, whose middle it is."""
    place, shift, gradient, noise, ramp = (
        tree.nodes.new(f"ShaderNode{kind}") for kind in ("TexCoord", "Mapping", "TexGradient", "TexNoise", "ValToRGB")
    )
    shift.inputs["Location"].default_value = (-0.5, -0.5, 0.0)
    gradient.gradient_type = "RADIAL"
    noise.noise_dimensions = "1D"
    noise.inputs["Scale"].default_value = 42.0
    noise.inputs["Detail"].default_value = 4.0
    dark, light = ramp.color_ramp.elements
    dark.position, light.position = 0.30, 0.72
    dark.color = (*(0.45 * c for c in colour[:3]), 1.0)
    light.color = (*(min(1.0, 1.7 * c + 0.02) for c in colour[:3]), 1.0)
    for number, node in enumerate((place, shift, gradient, noise, ramp)):
        node.location = (-1100.0 + 200.0 * number, 100.0)
    tree.links.new(place.outputs["UV"], shift.inputs["Vector"])
    tree.links.new(shift.outputs["Vector"], gradient.inputs["Vector"])
    tree.links.new(gradient.outputs["Fac"], noise.inputs["W"])
    tree.links.new(noise.outputs["Fac"], ramp.inputs["Fac"])
    tree.links.new(ramp.outputs["Color"], shader.inputs["Base Color"])


def _clear(material: bpy.types.Material) -> None:
    """A window that mirrors the lights and lets everything else through, shadows too: no caustics to wait for."""
    tree = material.node_tree
    tree.nodes.clear()
    out, mix, through, mirror, edge = (
        tree.nodes.new(f"ShaderNode{kind}")
        for kind in ("OutputMaterial", "MixShader", "BsdfTransparent", "BsdfGlossy", "Fresnel")
    )
    mirror.inputs["Roughness"].default_value = 0.03
    edge.inputs["IOR"].default_value = _CORNEA_INDEX
    tree.links.new(edge.outputs["Fac"], mix.inputs[0])
    tree.links.new(through.outputs[0], mix.inputs[1])
    tree.links.new(mirror.outputs[0], mix.inputs[2])
    tree.links.new(mix.outputs[0], out.inputs["Surface"])
    _blended(material)


def _unseen(material: bpy.types.Material) -> None:
    """Nothing in a render: the drawn glint of the solid viewport gives way to the real one on the cornea."""
    tree = material.node_tree
    tree.nodes.clear()
    out, through = (tree.nodes.new(f"ShaderNode{kind}") for kind in ("OutputMaterial", "BsdfTransparent"))
    tree.links.new(through.outputs[0], out.inputs["Surface"])
    _blended(material)


def _blended(material: bpy.types.Material) -> None:
    """EEVEE: draw what is behind it too. Its shadow would darken the iris."""
    if hasattr(material, "surface_render_method"):
        material.surface_render_method = "BLENDED"
    material.use_transparent_shadow = True
