"""Emotions reach the mouths of rigs that have them as whole shapes, and lips that are closed stay closed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import bpy
import numpy as np
import pytest

from addon.core.channels import CHANNELS, indices
from addon.core.errors import RigError
from addon.core.performance import Performance
from addon.rig import take
from addon.rig.discover import find_character
from addon.rig.moods import limits_of_moods
from tests.blender import scenes, test_conventions

VRM, VROID = "ict_derived_conventions/ict_vrm0_names.glb", "ict_derived_conventions/ict_vroid_names.glb"
JOY = {VRM: "Joy", VROID: "Fcl_MTH_Joy"}
SMILING = {"mouthSmile": 0.65}
SEALED = {**SMILING, "jawOpen": 0.12, "mouthClose": 0.12, "mouthPress": 0.35}


def shown(head: bpy.types.Object, channels: Mapping[str, float], gap: float = 0.006) -> dict[str, float]:
    """The values of all keys in a face that is held."""
    held, landmarks = np.zeros((10, len(CHANNELS))), np.zeros((10, 70, 3))
    landmarks[:, 61:64, 1] = gap
    for name, value in channels.items():
        held[:, indices(name)] = value
    still = {"gaze": np.zeros((10, 2, 2)), "head": np.zeros((10, 6)), "emotion": np.zeros((10, 9))}
    bpy.context.scene.render.fps = 30
    take.apply(
        bpy.context.scene, head, Performance(30.0, landmarks, channels=held, **still), take.Take("line", None, 1)
    )
    bpy.context.scene.frame_set(5)
    return {block.name: block.value for block in head.data.shape_keys.key_blocks}


def corner(head: bpy.types.Object) -> float:
    """How far the key of joy has raised the corner of the mouth now, as a share of what it does at 1."""
    blocks = head.data.shape_keys.key_blocks
    joy = next(name for name in JOY.values() if name in blocks)
    rest, smile = test_conventions._points(blocks[0]), test_conventions._points(blocks[joy])
    vertex = int(np.argmax(smile[:, 2] - rest[:, 2]))
    now = head.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.vertices[vertex].co.z
    return float((now - rest[vertex, 2]) / (smile - rest)[vertex, 2])


def parting(head: bpy.types.Object, opening: str) -> float:
    pair = test_conventions.lips(head, opening)
    rest, wide = (test_conventions._points(head.data.shape_keys.key_blocks[name]) for name in (0, opening))
    full = (np.subtract(*wide[list(pair)]) - np.subtract(*rest[list(pair)]))[2]
    return test_conventions.opened(head, pair, float(full))


@pytest.mark.parametrize("file", [VRM, VROID])
def test_a_smile_shows_on_the_mouth_between_words_and_while_lips_are_sealed(shared_data: Path, file: str) -> None:
    head = test_conventions.load(shared_data, file)
    opening = test_conventions.HEADS[file][1]
    for face in (SMILING, SEALED):
        shown(head, face)
        assert corner(head) > 0.35
        assert parting(head, opening) < test_conventions.CLOSED


@pytest.mark.parametrize("file", [VRM, VROID])
def test_joy_that_opens_the_mouth_rests_so_that_lips_close(shared_data: Path, file: str) -> None:
    head = test_conventions.load(shared_data, file)
    opening, blocks = test_conventions.HEADS[file][1], head.data.shape_keys.key_blocks
    added = test_conventions._points(blocks[opening]) - test_conventions._points(blocks[0])
    grin = test_conventions._points(blocks[JOY[file]]) + added
    blocks[JOY[file]].data.foreach_set("co", grin.astype(np.float32).ravel())
    values = shown(head, SEALED)
    assert values[JOY[file]] == 0.0
    assert parting(head, opening) < test_conventions.CLOSED


def test_joy_that_shuts_the_eyes_only_narrows_them(shared_data: Path) -> None:
    head = test_conventions.load(shared_data, VRM)
    blocks = head.data.shape_keys.key_blocks
    shut = test_conventions._points(blocks["Joy"]) + test_conventions._points(blocks["Blink"])
    blocks["Joy"].data.foreach_set("co", (shut - test_conventions._points(blocks[0])).astype(np.float32).ravel())
    limits = limits_of_moods(find_character(head))
    assert 0.2 < limits["Joy"] < 0.35
    assert shown(head, {"mouthSmile": 1.0})["Joy"] == pytest.approx(limits["Joy"], abs=1e-4)


@pytest.mark.parametrize(
    ("face", "key", "value"),
    [
        ({"mouthFrown": 0.6}, "Fcl_MTH_Sorrow", 0.6),
        ({"noseSneer": 0.4, "browDown": 0.9}, "Fcl_MTH_Angry", 0.58),
        ({"mouthSmile": 0.6}, "Fcl_MTH_Joy", 0.6),
    ],
)
def test_each_emotion_has_its_mouth(shared_data: Path, face: dict[str, float], key: str, value: float) -> None:
    head = test_conventions.load(shared_data, VROID)
    assert shown(head, face)[key] == pytest.approx(value, abs=0.01)


def test_keys_named_after_emotions_alone_are_no_convention() -> None:
    with pytest.raises(RigError, match="no shape keys named"):
        find_character(scenes.add_mesh("Cube", ("Joy", "Angry", "Sorrow", "Fun")))
