"""The Performance: what it refuses, what survives a file, what cannot be changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from addon.core.channels import CHANNEL_INDEX, CHANNELS, GROUPS, indices
from addon.core.errors import PerformanceError, RigError
from addon.core.eyes import EYE_LOOK_RADIANS, eye_look_channels
from addon.core.landmarks import landmarks_of, landmarks_text
from addon.core.performance import ARRAY_NAMES, Performance


def arrays(frames: int = 12) -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    shapes = {"landmarks": (70, 3), "gaze": (2, 2), "head": (6,), "channels": (52,), "emotion": (9,)}
    return {name: random.random((frames, *shape)).astype(np.float32) for name, shape in shapes.items()}


def test_it_survives_a_file_to_the_last_bit(tmp_path: Path) -> None:
    made = Performance(fps=29.97, **arrays(), meta={"phones": [["P", 0.0, 0.1]], "warnings": ["clipped"]})
    back = Performance.load(made.save(tmp_path / "line.npz"))
    assert back.fps == made.fps
    assert back.meta == made.meta
    for name in ARRAY_NAMES:
        assert getattr(back, name).tobytes() == getattr(made, name).tobytes()


def test_the_file_is_plain_numpy_that_anybody_can_read(tmp_path: Path) -> None:
    path = Performance(fps=30, **arrays()).save(tmp_path / "line.npz")
    with np.load(path, allow_pickle=False) as data:
        assert set(data.files) == {*ARRAY_NAMES, "channel_names", "fps", "meta"}
        assert tuple(data["channel_names"]) == CHANNELS


def test_arrays_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Performance(fps=30, **arrays()).channels[0, 0] = 0.5


@pytest.mark.parametrize("name", ARRAY_NAMES)
def test_a_wrong_shape_or_a_value_that_is_no_number_is_refused(name: str) -> None:
    short = arrays() | {name: arrays()[name][:-1]}
    with pytest.raises(PerformanceError) as refused:
        Performance(fps=30, **short)
    assert refused.value.code == "performance.shape"
    broken = arrays()
    broken[name][3] = np.nan
    with pytest.raises(PerformanceError) as refused:
        Performance(fps=30, **broken)
    assert refused.value.where == name


def test_channels_outside_their_range_and_impossible_rates_are_refused() -> None:
    wild = arrays()
    wild["channels"][0, 0] = 1.01
    with pytest.raises(PerformanceError, match=r"0\.\.1"):
        Performance(fps=30, **wild)
    for fps in (0.0, -30.0, 1000.0, float("nan")):
        with pytest.raises(PerformanceError, match="second"):
            Performance(fps=fps, **arrays())


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_a_file_that_is_something_else_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    with pytest.raises(PerformanceError, match="not a Soliloquy performance"):
        Performance.load(path)


def test_every_channel_is_in_one_group_and_sides_are_found_by_one_name() -> None:
    assert sorted(name for group in GROUPS.values() for name in group) == sorted(CHANNELS)
    assert indices("mouthSmile", "jawOpen") == [
        CHANNEL_INDEX["mouthSmileLeft"],
        CHANNEL_INDEX["mouthSmileRight"],
        CHANNEL_INDEX["jawOpen"],
    ]
    with pytest.raises(KeyError):
        indices("mouthGrin")


@pytest.mark.parametrize(
    ("pitch", "yaw", "left", "right"),
    [(0.3, 0.0, "Down", "Down"), (-0.3, 0.0, "Up", "Up"), (0.0, 0.3, "Out", "In"), (0.0, -0.3, "In", "Out")],
)
def test_eye_look_channels_name_the_side_each_eye_turns_to(pitch: float, yaw: float, left: str, right: str) -> None:
    channels = eye_look_channels(np.full((1, 2, 2), (pitch, yaw)))[0]
    expected = {f"eyeLook{left}Left", f"eyeLook{right}Right"}
    assert {CHANNELS[i] for i in np.flatnonzero(channels)} == expected
    assert channels[CHANNEL_INDEX[f"eyeLook{left}Left"]] == pytest.approx(0.3 / EYE_LOOK_RADIANS[left])


def test_landmark_notes_survive_and_nonsense_is_refused() -> None:
    marks = [(68, 12), (0, 4), (69, 7)]
    assert landmarks_of(landmarks_text(marks)) == sorted(marks)
    for text in ("", "{}x", "[[1]]", '[["a", 2]]', "[[70, 1]]", "[[0, -1]]"):
        with pytest.raises(RigError):
            landmarks_of(text)
