"""A clip with landmarks becomes a training set of the canonical mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from addon.core.errors import RequestError
from addon.core.performance import Performance
from backend.cli import main
from backend.face.basis import load_basis
from backend.generator.canonical.head import canonical_shot
from backend.generator.character.body import screen_points, surface_hash
from backend.generator.character.check import doubts
from backend.generator.character.clip import SIZE, set_of_clip, shot_of_landmarks
from backend.generator.character.dataset import read_set
from backend.generator.movie import write_movie

FRAMES = 12


def turning() -> Performance:
    """The face at rest, turning its head from side to side."""
    head = np.zeros((FRAMES, 6), np.float32)
    head[:, 1] = np.linspace(-0.3, 0.3, FRAMES)
    return Performance(
        24.0,
        np.repeat(load_basis().neutral[None], FRAMES, axis=0),
        np.zeros((FRAMES, 2, 2)),
        head,
        np.zeros((FRAMES, 52)),
        np.zeros((FRAMES, 9)),
    )


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A film of even grey with a face's landmarks somewhere in it."""
    folder = tmp_path_factory.mktemp("clip")
    points = _points() * 0.5 + [90, 30]
    grey = (np.full((180, 320, 3), 40 + 10 * number, np.uint8) for number in range(FRAMES))
    write_movie(folder / "clip.mp4", grey, 24.0)
    np.savez(folder / "landmarks.npz", landmarks=points)
    return folder / "clip.mp4", folder / "landmarks.npz"


def _points() -> np.ndarray:
    shot = canonical_shot(turning(), SIZE)
    return screen_points(shot)[:, shot.subject.landmarks]


def test_the_mask_lies_on_the_landmarks_and_turns_with_them() -> None:
    points = _points()
    shot = shot_of_landmarks(points, SIZE, SIZE, 24.0)
    placed = screen_points(shot)[:, shot.subject.landmarks]
    assert np.median(np.linalg.norm(placed - points, axis=-1)) < 6  # of 256: subdivision rounds corners off
    nose, cheeks = shot.vertices[:, shot.subject.landmarks[30]], shot.vertices[:, shot.subject.landmarks[[2, 14]]]
    assert (nose[:, 2] > cheeks[..., 2].max(axis=1)).all()
    turned = cheeks[:, 0, 2] - cheeks[:, 1, 2]
    assert turned[0] * turned[-1] < 0
    assert surface_hash(shot.subject) == surface_hash(canonical_shot(turning(), SIZE).subject)


def test_a_clip_becomes_a_set_with_its_end_kept_for_testing(clip: tuple[Path, Path], tmp_path: Path) -> None:
    rendered = read_set(set_of_clip(*clip, tmp_path))
    assert rendered.splits.count("test") == 2
    assert rendered.pictures.shape == (FRAMES, SIZE, SIZE, 4)
    middle = rendered.pictures[:, SIZE // 2, SIZE // 2].astype(int)
    assert (middle[:, 3] > 250).all()
    assert np.abs(middle[:, 0] - (40 + 10 * np.arange(FRAMES))).max() <= 4
    assert not rendered.pictures[:, 0, 0, 3].any()


def test_a_clip_whose_frames_are_in_order_raises_no_doubt_about_it(clip: tuple[Path, Path], tmp_path: Path) -> None:
    folder = set_of_clip(*clip, tmp_path)
    assert not doubts(read_set(folder), folder)


def test_a_clip_and_landmarks_that_do_not_fit_are_refused(clip: tuple[Path, Path], tmp_path: Path) -> None:
    video, landmarks = clip
    with np.load(landmarks) as data:
        np.savez(tmp_path / "few.npz", landmarks=data["landmarks"][:5])
        np.savez(tmp_path / "odd.npz", landmarks=data["landmarks"][:, :9])
    with pytest.raises(RequestError, match="12 frames"):
        set_of_clip(video, tmp_path / "few.npz", tmp_path)
    with pytest.raises(RequestError, match="68 or 70"):
        set_of_clip(video, tmp_path / "odd.npz", tmp_path)
    (tmp_path / "empty.npz").touch()
    (tmp_path / "cut.npz").write_bytes(landmarks.read_bytes()[:2000])
    np.save(tmp_path / "array.npy", np.zeros((12, 70, 2)))
    for other in (video, tmp_path / "empty.npz", tmp_path / "cut.npz", tmp_path / "array.npy"):
        with pytest.raises(RequestError, match="array `landmarks`"):
            set_of_clip(video, other, tmp_path)
    with pytest.raises(RequestError, match="cannot be read"):
        set_of_clip(landmarks, landmarks, tmp_path)


def test_pupils_may_be_missing(clip: tuple[Path, Path], tmp_path: Path) -> None:
    with np.load(clip[1]) as data:
        np.savez(tmp_path / "some.npz", landmarks=data["landmarks"][:, :68])
    assert read_set(set_of_clip(clip[0], tmp_path / "some.npz", tmp_path)).shot.frame_count == FRAMES


def test_the_command_asks_for_a_set_or_for_a_clip(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["train", "character", "--out", str(tmp_path)]) == 2
    assert "either --set, or both" in capsys.readouterr().err
    clip = ["--clip", str(tmp_path / "face.mp4"), "--landmarks", str(tmp_path / "face.npz")]
    assert main(["train", "character", *clip, "--out", str(tmp_path)]) == 2
    assert "has agreed" in capsys.readouterr().err
