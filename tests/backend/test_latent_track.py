"""Latents of a performance: curves with names that can be looked at, changed and kept in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from addon.core.errors import RequestError
from backend.generator.interface import LatentTrack


def track_of(frames: int = 4) -> LatentTrack:
    """Gaze and lips that rise."""
    rise = np.linspace(0, 1, frames)[:, None]
    return LatentTrack("raster", 30.0, {"gaze": np.tile(rise, 4), "lips": np.tile(rise, 7)}, {"seed": 3})


def test_a_track_survives_its_file(tmp_path: Path) -> None:
    track = track_of()
    back = LatentTrack.load(track.save(tmp_path / "line.npz"))
    assert (back.generator, back.fps, back.meta, list(back.curves)) == ("raster", 30.0, {"seed": 3}, ["gaze", "lips"])
    for name, curve in track.curves.items():
        np.testing.assert_array_equal(back.curves[name], curve)


def test_a_curve_is_changed_in_a_copy_and_the_others_stay() -> None:
    track = track_of()
    still = track.with_curve("gaze", np.zeros((4, 4)))
    assert not still.curves["gaze"].any()
    assert track.curves["gaze"].any()
    np.testing.assert_array_equal(still.curves["lips"], track.curves["lips"])


def test_curves_that_do_not_fit_are_refused() -> None:
    for curves in ({}, {"gaze": np.zeros(4)}, {"gaze": np.zeros((4, 4)), "lips": np.zeros((3, 7))}):
        with pytest.raises(RequestError, match="same number of frames"):
            LatentTrack("raster", 30.0, curves)
    with pytest.raises(RequestError, match="not a number"):
        LatentTrack("raster", 30.0, {"gaze": np.full((4, 4), np.inf)})
    with pytest.raises(RequestError, match="it has gaze, lips"):
        track_of().with_curve("brows", np.zeros((4, 4)))


def test_a_file_that_is_no_track_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.npz"
    wrong.write_bytes(b"PK nothing")
    np.save(tmp_path / "array.npy", np.zeros(3))
    np.savez(tmp_path / "other.npz", described=np.array("[1, 2]"), gaze=np.zeros((2, 4)))
    (tmp_path / "empty.npz").touch()
    for path in (wrong, *(tmp_path / name for name in ("absent.npz", "array.npy", "other.npz", "empty.npz"))):
        with pytest.raises(RequestError, match="not a latent track"):
            LatentTrack.load(path)
