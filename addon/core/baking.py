"""From a Performance to curves on scene frames: everything about a bake that can be reasoned about without Blender."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .channels import CHANNEL_INDEX, indices
from .curves import resample, resample_angles, resample_quaternions, through_moments, valleys
from .performance import Performance
from .rotation import matrix_from_angles, quaternion_from_matrix
from .timeline import FrameRange, Timeline

UPPER_INNER_LIP: Final[tuple[int, ...]] = (61, 62, 63)
LOWER_INNER_LIP: Final[tuple[int, ...]] = (67, 66, 65)
"""The three pairs of facing points on the inner lips, in iBUG order."""
LIP_DEPTH: Final[float] = 0.02
"""How far lips part around a closure that counts: 2 % of the inter-ocular distance, the gap that reads as closed."""
JAW_DEPTH: Final[float] = 0.05
BLINK_DEPTH: Final[float] = 0.3
"""Channel changes that an eye sees at playing speed: a small jaw move, a partial blink."""


@dataclass(frozen=True, eq=False)
class SceneCurves:
    """A Performance on the frames of a scene.

    frames   (N,) int64, consecutive scene frames
    channels (N,52) float32 in 0..1, `CHANNELS` order
    gaze     (N,2,2) float32, left and right eye (pitch, yaw) radians in the head frame
    head     (N,4) float32 unit quaternions (w, x, y, z) in contract axes, sign continuous
    gap      (N,) float32, distance of the inner lips in inter-ocular distances
    landmarks (N,70,3) float32, as in the Performance
    moments  (N,) bool, frames that show a closure of lips or lids and are never thinned out
    """

    frames: np.ndarray
    channels: np.ndarray
    gaze: np.ndarray
    head: np.ndarray
    gap: np.ndarray
    landmarks: np.ndarray
    moments: np.ndarray

    @property
    def range(self) -> FrameRange:
        """First and last scene frame, both included."""
        return FrameRange(int(self.frames[0]), int(self.frames[-1]))


def scene_curves(performance: Performance, timeline: Timeline) -> SceneCurves:
    """Put a Performance on the frames of a scene.

    A Performance at the scene's own rate is taken over sample for sample. At any other rate all curves are
    interpolated at the same times, and the frames nearest to closures of lips and lids show the closures themselves.
    """
    span = timeline.covering((performance.frame_count - 1) / performance.fps)
    frames = span.frames()
    closures = closure_times(performance)
    times = through_moments(timeline.seconds_at(frames), closures)
    fps = performance.fps
    head = quaternion_from_matrix(matrix_from_angles(performance.head[:, :3].astype(np.float64)))
    return SceneCurves(
        frames=frames,
        channels=np.clip(resample(performance.channels, fps, times), 0.0, 1.0),
        gaze=resample_angles(performance.gaze, fps, times),
        head=resample_quaternions(head, fps, times),
        gap=resample(lip_gap(performance)[:, None], fps, times)[:, 0],
        landmarks=resample(performance.landmarks, fps, times),
        moments=np.isin(times, closures),  # the frames that were moved there, or lay there
    )


def lip_gap(performance: Performance) -> np.ndarray:
    """(T,) distance of the inner lips in inter-ocular distances, the mean of three facing pairs of landmarks."""
    landmarks = performance.landmarks
    return np.linalg.norm(landmarks[:, UPPER_INNER_LIP] - landmarks[:, LOWER_INNER_LIP], axis=-1).mean(axis=-1)


def closure_times(performance: Performance) -> np.ndarray:
    """(M,) seconds at which lips or lids are most closed: lips by landmarks, then by channels, then blinks."""
    channels = performance.channels
    jaw = channels[:, CHANNEL_INDEX["jawOpen"]] - channels[:, CHANNEL_INDEX["mouthClose"]]
    lids = 1.0 - channels[:, indices("eyeBlink")].mean(axis=-1)
    found = [valleys(lip_gap(performance), LIP_DEPTH), valleys(jaw, JAW_DEPTH), valleys(lids, BLINK_DEPTH)]
    ordered = [positions[np.argsort(values, kind="stable")] for positions, values in found]
    # Whole samples, since only those are states of the performance; a flat floor has several and one is enough.
    return np.floor(np.concatenate(ordered)) / performance.fps
