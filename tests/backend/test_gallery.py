"""What the gallery shows is a performance: visemes from the rules, eyes and head where their names say."""

from __future__ import annotations

import numpy as np
import pytest

from addon.core.channels import CHANNEL_INDEX
from backend.gallery.poses import GAZES, HEADS, PHONE_OF_VISEME, looks_and_poses, visemes_held
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
