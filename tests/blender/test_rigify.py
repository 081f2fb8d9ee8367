"""Rigify's human is bound in one step: jaw, lips, lids, brows, eyes and head move by its own controls."""

from __future__ import annotations

import os
from collections.abc import Callable

import bpy
import numpy as np
import pytest

from addon import runtime
from addon.core.channels import CHANNELS, indices
from addon.core.performance import Performance
from addon.rig import take
from addon.rig.discover import find_character
from tests.blender import rigs, test_conventions

KINDS = {
    "metarig": ("Rigify metarig", ("jawOpen", "eyeBlinkLeft"), "spine.006", "no brows"),
    "classic": ("Rigify face", ("jawOpen", "mouthSmileLeft", "browInnerUp", "eyeBlinkRight", "tongueOut"), "head", ""),
    "skin": ("Rigify upgraded face", ("jawOpen", "mouthSmileLeft", "browInnerUp", "eyeBlinkRight"), "head", ""),
}
OPEN_GAP = 0.32
"""Lip gap of an open vowel in inter-ocular distances, as the rules engine makes it with jawOpen 0.6."""


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Performance:
    """The line that the other heads speak too."""
    if not os.environ.get("SOLILOQUY_BACKEND_PYTHON"):
        return test_conventions._by_hand()
    return test_conventions.perform_line(tmp_path_factory.mktemp("line") / "line.npz")


def line(gap: float = 0.0, gaze: tuple[float, float] = (0.0, 0.0), **values: float) -> Performance:
    """Half a second of rest, then half a second of a held face."""
    channels, landmarks, eyes = np.zeros((30, len(CHANNELS))), np.zeros((30, 70, 3)), np.zeros((30, 2, 2))
    landmarks[15:, 61:64, 1] = gap
    eyes[15:] = gaze
    for name, value in values.items():
        channels[15:, indices(name)] = value
    still = {"head": np.zeros((30, 6)), "emotion": np.zeros((30, 9))}
    return Performance(30.0, landmarks, eyes, channels=channels, **still)


def show(rig: bpy.types.Object, performance: Performance) -> None:
    bpy.context.scene.render.fps = 30
    take.apply(bpy.context.scene, rig, performance, take.Take("line", None, 1))
    bpy.context.scene.frame_set(25)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("kind", KINDS)
def test_a_rigify_human_is_bound_with_its_profile_in_one_press(kind: str) -> None:
    profile, channels, head, missing = KINDS[kind]
    rig = rigs.rigify_human(kind)
    bpy.context.scene.soliloquy.character = rig
    assert bpy.ops.soliloquy.bind() == {"FINISHED"}
    character = find_character(rig)
    assert character.coverage in runtime.get().messages[-1].text
    assert character.profiles == (profile,)
    assert set(channels) <= set(character.channels)
    assert character.bones.head == head
    assert missing in character.coverage
    assert "bones: head, neck, eyes" in character.coverage


@pytest.mark.parametrize("kind", KINDS)
def test_lips_open_in_a_vowel_and_are_closed_in_a_plosive(
    kind: str, record_property: Callable[[str, object], None]
) -> None:
    rig = rigs.rigify_human(kind)
    rest = rigs.lip_gap(rig, kind)
    apart = 2 * abs(rig.data.bones["eye.L"].head_local.x)
    show(rig, line(OPEN_GAP, jawOpen=0.6))
    wide = (rigs.lip_gap(rig, kind) - rest) / apart
    show(rig, line(0.005, jawOpen=0.2, mouthClose=0.2, mouthPress=0.35))
    shut = (rigs.lip_gap(rig, kind) - rest) / apart
    record_property("open", wide)
    record_property("closed", shut)
    assert wide == pytest.approx(OPEN_GAP, rel=0.35)
    assert abs(shut) < 0.012


@pytest.mark.parametrize("kind", KINDS)
def test_the_line_of_all_other_heads_closes_at_pbm_and_opens_at_aa(
    kind: str, spoken: Performance, record_property: Callable[[str, object], None]
) -> None:
    """As shares of the opening that a full jawOpen makes, as on the heads with shape keys."""
    rig = rigs.rigify_human(kind)
    rest = rigs.lip_gap(rig, kind)
    show(rig, line(0.54, jawOpen=1.0))
    full = rigs.lip_gap(rig, kind) - rest
    measured = test_conventions.play(rig, spoken, lambda: (rigs.lip_gap(rig, kind) - rest) / full)
    test_conventions.check(f"Rigify {kind}", *measured, record_property)


@pytest.mark.parametrize("kind", ["classic", "skin"])
def test_corners_lids_and_brows_go_where_the_channels_say(kind: str) -> None:
    rig = rigs.rigify_human(kind)
    names = {"corner": "DEF-lip.T.L.001", "lid": "DEF-lid.T.L.002", "brow": "DEF-brow.T.L.003"}
    before = {part: rigs.bone_at(rig, name) for part, name in names.items()}
    corner = "DEF-cheek.B.L"  # starts at the corner of the mouth
    at_rest = rigs.bone_at(rig, corner)
    show(rig, line(mouthSmile=0.8, eyeBlink=1.0, browInnerUp=1.0))
    move = {part: rigs.bone_at(rig, name) - before[part] for part, name in names.items()}
    assert (rigs.bone_at(rig, corner) - at_rest)[2] > 0.004
    assert (rigs.bone_at(rig, corner) - at_rest)[0] > 0.003
    assert move["lid"][2] < -0.012
    assert move["brow"][2] > 0.005


@pytest.mark.parametrize("kind", ["classic", "skin"])
def test_eyes_look_where_the_gaze_says(kind: str) -> None:
    rig = rigs.rigify_human(kind)
    show(rig, line(gaze=(0.2, 0.3)))
    shown = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
    eye = shown.pose.bones["MCH-eye.L"]
    rest = rig.data.bones[eye.name]
    turn = np.array(eye.matrix.to_3x3()) @ np.array(rest.matrix_local.to_3x3()).T
    ahead = turn @ (0, -1, 0)
    expected = (np.sin(0.3) * np.cos(0.2), -np.cos(0.3) * np.cos(0.2), -np.sin(0.2))
    np.testing.assert_allclose(ahead, expected, atol=0.02)


def test_controls_come_back_to_rest_when_a_take_is_removed() -> None:
    rig = rigs.rigify_human("skin")
    before = {p.name: p.matrix_basis.copy() for p in rig.pose.bones}
    show(rig, line(OPEN_GAP, gaze=(0.1, 0.1), jawOpen=0.6, mouthSmile=0.5))
    take.remove(bpy.context.scene, rig)
    assert {p.name: p.matrix_basis for p in rig.pose.bones} == before
