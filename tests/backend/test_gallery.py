"""What the gallery shows is a performance: visemes from the rules, eyes and head where their names say."""

from __future__ import annotations

import numpy as np
import pytest

from addon.character.spec import DEFAULT
from addon.core.channels import CHANNEL_INDEX, CHANNELS
from backend.demo.filmed import CLOSE_UP, Filmed
from backend.demo.puppet import Puppet
from backend.gallery import sheets
from backend.gallery.poses import GAZES, HEADS, PHONE_OF_VISEME, looks_and_poses, visemes_held
from backend.generator.raster.scene import Mesh
from backend.speech.visemes import VISEME_OF_PHONE, VISEMES


def test_every_viseme_is_held_with_a_phone_of_its_own() -> None:
    assert tuple(PHONE_OF_VISEME) == VISEMES
    assert all(VISEME_OF_PHONE[phone] == viseme for viseme, phone in PHONE_OF_VISEME.items())


def test_lips_are_closed_in_pp_and_open_in_aa() -> None:
    performance, moments = visemes_held()
    lips = performance.landmarks[:, 62, 1] - performance.landmarks[:, 66, 1]
    gap = {name: float(lips[round(at * performance.fps)]) for name, at in moments.items()}
    assert gap["PP"] == pytest.approx(0.0, abs=0.02)
    assert gap["aa"] > 0.2


def test_eyes_and_head_go_where_the_names_say() -> None:
    performance, moments = looks_and_poses()
    assert len(GAZES) == 9
    frame = {name: round(at * performance.fps) for name, at in moments.items()}
    assert performance.frame_count == len(GAZES) + len(HEADS)
    assert not performance.gaze[frame["ahead"]].any()
    look = CHANNEL_INDEX["eyeLookOutLeft"]
    np.testing.assert_array_less(0.1, performance.channels[[frame["left"], frame["up left"], frame["down left"]], look])
    assert performance.head[frame["nod down"], 0] > 0 > performance.head[frame["turned right"], 1]


def test_a_picture_of_somebody_speaking_has_open_eyes_and_a_mouth_half_as_open_as_it_gets() -> None:
    vertices = np.zeros((4, 70, 3))
    vertices[:, 42:48, 0] = 1.0
    vertices[:, [37, 38, 43, 44], 2] = np.array([0.2, 0.2, 0.2, 0.0])[:, None]
    vertices[:, [61, 62, 63], 2] = np.array([0.0, 0.9, 0.4, 0.45])[:, None]
    mesh = Mesh(triangles=np.array([[0, 1, 2]]), colours=np.zeros((70, 3)))
    shown = Filmed(30.0, mesh, vertices, np.arange(70))
    assert shown.speaking_frame() == 2


def test_the_sheets_show_every_key_viseme_and_emotion() -> None:
    assert tuple(sheets.keys())[1:] == CHANNELS
    assert tuple(sheets.visemes()) == VISEMES
    poses = sheets.emotions()
    assert len(poses) == 8 * 3
    assert poses["happy 1.00"].channels["mouthSmileLeft"] > 2 * poses["happy 0.33"].channels["mouthSmileLeft"]


def test_a_puppet_is_posed_by_keys_eyes_and_head_as_its_model_is() -> None:
    puppet = Puppet(DEFAULT)
    rest = puppet.vertices(sheets.Pose({}))
    turned = puppet.vertices(sheets.Pose({}, np.zeros((2, 2)), np.array([0.0, 0.4, 0.0])))
    looking = puppet.vertices(sheets.Pose({}, np.array([[0.0, 0.4], [0.0, 0.4]])))
    assert rest.shape == turned.shape == looking.shape
    nose = rest[:, 2].argmax()
    assert turned[nose, 0] > 0.03, "a yaw turns the face to its left"
    moved = np.linalg.norm(looking - rest, axis=1) > 1e-6
    assert 0 < moved.sum() < 0.2 * len(rest), "only the eyes turn"
    picture = next(puppet.draw([sheets.Pose({"jawOpen": 1.0})], 32, CLOSE_UP))
    assert picture.shape == (32, 32, 3)
    assert np.ptp(picture) > 50
