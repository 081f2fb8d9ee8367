"""The built-in head and the canonical face agree on what every channel does."""

from __future__ import annotations

import numpy as np
import pytest

from addon.character.character import build_character
from addon.character.roster import CHARACTERS
from addon.core.channels import CHANNELS, GROUPS
from backend.face.basis import load_basis

COMPARED = [name for name in CHANNELS if name in (*GROUPS["mouth"], *GROUPS["brows"], *GROUPS["lids"], *GROUPS["gaze"])]


@pytest.mark.parametrize("character", CHARACTERS)
@pytest.mark.parametrize("name", COMPARED)
def test_channel_moves_the_landmarks_as_the_measured_face_does(name: str, character: str) -> None:
    model = build_character(CHARACTERS[character])
    # Lips close over a jaw that is open; over a shut one they have nowhere to go.
    before = {"jawOpen": 1.0} if name == "mouthClose" else {}
    own = (model.landmark_positions({**before, name: 1.0}) - model.landmark_positions(before)) / model.iod
    measured = np.asarray(load_basis().displacement[CHANNELS.index(name)], dtype=float)
    main = np.abs(measured).argmax()
    assert own.flat[main] * measured.flat[main] > 0.0, "the largest displacement has the same sign"
    likeness = (own * measured).sum() / (np.linalg.norm(own) * np.linalg.norm(measured))
    assert likeness > 0.4
    assert 0.2 < np.abs(own).max() / np.abs(measured).max() < 2.5
