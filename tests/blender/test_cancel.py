"""Through a whole day of bind, cancel, bake, bake again and remove, what the artist made stays bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from addon import runtime
from addon.core.emotion import EmotionTrack
from addon.core.errors import JobCancelled
from addon.core.request import PerformRequest
from addon.rig import actions, ownership
from tests.blender import test_artist_data, test_operators

backend, voice = test_operators.backend, test_operators.voice
animated = test_artist_data.animated  # a fixture: a character with Actions, NLA strips and a driver of the artist's own


def face_key() -> bpy.types.Key:
    return bpy.data.objects["Face"].data.shape_keys


def artists(rig: bpy.types.Object) -> list[Any]:
    """Actions key by key, NLA stack, drivers with their variables, and how shape keys are set up."""
    blocks = [test_artist_data.plain(block, ("value",)) for block in face_key().key_blocks]
    return [test_artist_data.everything(rig), blocks]


def playing(rig: bpy.types.Object) -> list[Any]:
    """What is active on the character and how, the poses it shows, and all of ours that hangs on it."""
    data = [thing.animation_data for thing in (face_key(), rig)]
    return [
        [(d.action.name, actions.slot_handle(d.id_data), d.action_blend_type, d.action_influence) for d in data],
        [block.value for block in face_key().key_blocks],
        [(*pose.location, *pose.rotation_quaternion, *pose.scale) for pose in rig.pose.bones],
        [sorted(name for name in thing.keys() if name.startswith("soliloquy")) for thing in (face_key(), rig)],  # noqa: SIM118
        [bpy.data.actions[name].use_fake_user for name in ("Pushed", "Hand jaw", "Hand body")],
        sorted(bpy.data.actions.keys()),
    ]


def cancelled(rig: bpy.types.Object, current: runtime.Runtime, sound: Path) -> None:
    """A line is asked for and cancelled while the backend is at it."""
    request = PerformRequest(sound.read_bytes(), sound.name, EmotionTrack.constant("sad"), fps=24)
    job = runtime.Job(bpy.context.scene.session_uid, rig.session_uid, sound, sound.stem, 1, 0.0)
    name = current.submit(request, job)
    bpy.ops.soliloquy.cancel()
    with pytest.raises(JobCancelled):
        current.wait(name, 60)


def test_actions_nla_and_drivers_are_bit_equal_through_cancel_bake_rebake_and_removal(
    scene: bpy.types.Scene, backend: runtime.Runtime, voice: Path, animated: bpy.types.Object
) -> None:
    scene.frame_set(7)
    settings: Any = scene.soliloquy
    settings.character, settings.sound, settings.emotion, settings.raise_ranges = animated, str(voice), "happy", True
    face_key().key_blocks["mouthSmileLeft"].slider_max = 0.25
    made, shown = artists(animated), playing(animated)

    bpy.ops.soliloquy.bind()
    assert (artists(animated), playing(animated)) == (made, shown)

    cancelled(animated, backend, voice)
    assert (artists(animated), playing(animated)) == (made, shown)

    bpy.ops.soliloquy.perform()
    assert ownership.is_ours(face_key().animation_data.action)
    assert test_artist_data.everything(animated) == made[0]
    settings.layers, settings.seed = {"blink", "speech"}, 3
    bpy.ops.soliloquy.perform()
    assert test_artist_data.everything(animated) == made[0]

    baked = actions.read_tracks(face_key())
    cancelled(animated, backend, voice)
    again = actions.read_tracks(face_key())
    assert [track.values.tobytes() for track in again.values()] == [track.values.tobytes() for track in baked.values()]
    assert test_artist_data.everything(animated) == made[0]

    bpy.ops.soliloquy.remove()
    assert (artists(animated), playing(animated)) == (made, shown)
