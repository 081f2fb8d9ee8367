"""The canonical face: anatomically right, symmetric, and what the shipped rig gives when it is measured again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from addon.core.channels import CHANNEL_INDEX, CHANNELS, GROUPS
from addon.core.errors import BackendError
from backend.face import basis as basis_module
from backend.face import crosscheck, measure
from backend.face import landmarks as lm
from backend.face.basis import BASIS_PATH, FaceBasis, landmarks_from_channels, load_basis

BASIS = load_basis()


def pose(**weights: float) -> np.ndarray:
    channels = np.zeros((1, len(CHANNELS)), dtype=np.float32)
    for name, weight in weights.items():
        channels[0, CHANNEL_INDEX[name]] = weight
    return landmarks_from_channels(BASIS, channels)


def test_every_landmark_is_in_exactly_one_group() -> None:
    assert sorted(i for group in lm.GROUPS.values() for i in group) == list(range(70))


def test_origin_lies_between_the_eyes_and_they_are_one_apart() -> None:
    left, right = lm.eye_centres(BASIS.neutral)
    np.testing.assert_allclose(left + right, 0, atol=1e-5)
    assert np.linalg.norm(left - right) == pytest.approx(1.0, abs=1e-5)
    assert left[0] > 0 > right[0]


def test_face_looks_along_z_with_the_brow_above_the_chin() -> None:
    assert BASIS.neutral[30, 2] > BASIS.neutral[[0, 16], 2].max()
    assert BASIS.neutral[list(lm.GROUPS["brow_left"]), 1].min() > 0 > BASIS.neutral[8, 1]


def test_face_at_rest_and_every_channel_are_mirror_symmetric() -> None:
    flip = np.array([-1, 1, 1])
    np.testing.assert_allclose(BASIS.neutral[list(lm.MIRROR)] * flip, BASIS.neutral, atol=2e-6)
    for index, name in enumerate(CHANNELS):
        partner = BASIS.displacement[CHANNEL_INDEX[measure.mirrored(name)]]
        np.testing.assert_allclose(partner[list(lm.MIRROR)] * flip, BASIS.displacement[index], atol=2e-6)


def test_no_channel_gives_the_neutral_face() -> None:
    np.testing.assert_array_equal(pose(), BASIS.neutral[None])


def test_channels_add_up_linearly() -> None:
    together = pose(jawOpen=0.5, mouthFunnel=0.25) - BASIS.neutral
    apart = 0.5 * BASIS.displacement[CHANNEL_INDEX["jawOpen"]] + 0.25 * BASIS.displacement[CHANNEL_INDEX["mouthFunnel"]]
    np.testing.assert_allclose(together[0], apart, atol=1e-6)


def test_lips_are_closed_at_rest() -> None:
    assert np.all(np.abs(lm.inner_lip_gaps(BASIS.neutral)) < lm.CLOSED_LIPS)


def test_open_jaw_parts_the_lips_and_mouth_close_brings_them_together_again() -> None:
    assert lm.inner_lip_gap(pose(jawOpen=1.0))[0] > 0.4
    assert lm.inner_lip_gap(pose(jawOpen=1.0, mouthClose=0.86))[0] == pytest.approx(0.0, abs=lm.CLOSED_LIPS)


def test_lips_pushed_into_each_other_give_a_negative_gap() -> None:
    assert lm.inner_lip_gap(pose(mouthClose=0.5))[0] < -0.1


@pytest.mark.parametrize("channel", ["jawLeft", "jawRight", "mouthLeft", "mouthRight", "jawForward"])
def test_sliding_lips_keep_about_the_gap_they_had(channel: str) -> None:
    assert abs(lm.inner_lip_gap(pose(**{channel: 1.0}))[0] - lm.inner_lip_gap(pose())[0]) < lm.CLOSED_LIPS


def test_smile_widens_and_pucker_narrows_the_mouth() -> None:
    rest = lm.mouth_width(pose())[0]
    assert lm.mouth_width(pose(mouthSmileLeft=1.0, mouthSmileRight=1.0))[0] > rest + 0.2
    assert lm.mouth_width(pose(mouthPucker=1.0))[0] < rest - 0.1


def test_blink_closes_its_own_eye_to_one_percent_and_leaves_the_other() -> None:
    for column, side in enumerate(("Left", "Right")):
        blinked = pose(**{f"eyeBlink{side}": 1.0})
        for upper, lower in lm.LID_PAIRS[side.lower()]:
            assert abs(blinked[0, upper, 1] - blinked[0, lower, 1]) <= 0.01
        openings = lm.eye_opening(blinked)[0]
        assert openings[column] <= 0.01
        assert openings[1 - column] == pytest.approx(lm.eye_opening(pose())[0, 1 - column], abs=1e-4)


def test_left_channels_move_the_characters_left() -> None:
    for name in ("mouthSmileLeft", "browOuterUpLeft", "eyeBlinkLeft", "mouthUpperUpLeft", "noseSneerLeft"):
        moved = np.linalg.norm(BASIS.displacement[CHANNEL_INDEX[name]], axis=-1)
        assert BASIS.neutral[np.argmax(moved), 0] > 0, name
    assert BASIS.displacement[CHANNEL_INDEX["jawLeft"], 8, 0] > 0.05


def test_gaze_channels_move_lids_but_never_pupils() -> None:
    for name in GROUPS["gaze"]:
        displacement = BASIS.displacement[CHANNEL_INDEX[name]]
        eyes = [*lm.GROUPS["eye_left"], *lm.GROUPS["eye_right"]]
        assert np.abs(displacement[eyes]).max() > 0.005
    assert np.abs(BASIS.displacement[:, list(lm.PUPILS)]).max() == 0


def test_only_the_tongue_moves_nothing() -> None:
    still = {name for c, name in enumerate(CHANNELS) if not BASIS.displacement[c].any()}
    assert still == {"tongueOut"}


def test_card_names_the_file_it_belongs_to() -> None:
    card = json.loads(BASIS_PATH.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["sha256"] == hashlib.sha256(BASIS_PATH.read_bytes()).hexdigest()
    assert all(source["licence"] for source in card["data"])


def test_measuring_the_rigs_again_gives_the_shipped_bytes(shared_data: Path, tmp_path: Path) -> None:
    measure.main(["--rigs", str(shared_data / "rigs"), "--out", str(tmp_path)])
    for shipped in (BASIS_PATH, BASIS_PATH.with_suffix(".json")):
        assert (tmp_path / shipped.name).read_bytes() == shipped.read_bytes(), shipped.name


def test_a_second_head_moves_jaw_lips_and_lids_the_same_way(shared_data: Path) -> None:
    agreement = crosscheck.agreement(BASIS, shared_data / "rigs")
    for unit in ("mouth-open", "mouth-pursing", "eye-left-closure", "eye-left-opened-up"):
        assert agreement[unit]["cosine"] > 0.85, unit
    assert all(found["cosine"] > 0.2 for found in agreement.values())
    assert agreement["mouth-open"]["size_ratio"] == pytest.approx(1.0, abs=0.2)


def test_a_damaged_basis_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / BASIS_PATH.name
    broken.write_bytes(BASIS_PATH.read_bytes()[:-8])
    for path in (broken, tmp_path / "absent.safetensors"):
        monkeypatch.setattr(basis_module, "BASIS_PATH", path)
        load_basis.cache_clear()
        with pytest.raises(BackendError, match="install the backend again"):
            load_basis()
    load_basis.cache_clear()
    with pytest.raises(BackendError, match="neutral"):
        FaceBasis(neutral=np.full((70, 3), np.nan), displacement=BASIS.displacement, eyeballs=BASIS.eyeballs)
