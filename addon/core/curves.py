"""Curves as arrays, time first: resampling, smoothing, thinning, and the moments that must not be lost between frames.

A short extreme, such as lips that meet for one frame, can fall between two frames of a slower scene, and interpolating
there would open the lips. So a scene frame next to such a moment shows that very moment (`through_moments`): its
sampling time moves there, by half a frame at most, for all curves together, because what seals the lips is a state of
all of them at one time.
"""

from __future__ import annotations

import numpy as np

from .rotation import continuous


def resample(values: np.ndarray, rate: float, times: np.ndarray) -> np.ndarray:
    """Linear interpolation of `values` (T,...) at `rate` samples per second, at `times` (N,) seconds: (N,...) float32.

    Before the first and after the last sample the ends hold.
    """
    source = np.asarray(values, dtype=np.float32)
    below, above, share = _neighbours(len(source), rate, times)
    share = share.reshape(-1, *(1,) * (source.ndim - 1)).astype(np.float32)
    return source[below] * (1 - share) + source[above] * share


def resample_angles(angles: np.ndarray, rate: float, times: np.ndarray) -> np.ndarray:
    """As `resample` for angles (T,...) in radians: between two samples the shorter way round is taken."""
    return resample(np.unwrap(np.asarray(angles, dtype=np.float64), axis=0), rate, times)


def resample_quaternions(quaternions: np.ndarray, rate: float, times: np.ndarray) -> np.ndarray:
    """As `resample` for rotations (T,4) as w, x, y, z: (N,4) float32 of length 1, along the great circle (slerp)."""
    source = continuous(np.asarray(quaternions, dtype=np.float64))
    below, above, share = _neighbours(len(source), rate, times)
    first, second = source[below], source[above]
    angle = np.arccos(np.clip(np.sum(first * second, axis=-1), -1.0, 1.0))
    sine = np.sin(angle)
    straight = sine < 1e-6  # nearly the same rotation: the circle is a line there, and its formula 0 / 0
    safe = np.where(straight, 1.0, sine)
    weight_first = np.where(straight, 1 - share, np.sin((1 - share) * angle) / safe)
    weight_second = np.where(straight, share, np.sin(share * angle) / safe)
    mixed = first * weight_first[:, None] + second * weight_second[:, None]
    return continuous(mixed / np.linalg.norm(mixed, axis=-1, keepdims=True)).astype(np.float32)


def valleys(signal: np.ndarray, depth: float) -> tuple[np.ndarray, np.ndarray]:
    """Local minima of `signal` (T,) that rise by at least `depth` on both sides before anything lower.

    Returns their positions (V,) float64 in samples, a flat floor's at its middle, and their values (V,). The ends of
    the signal count as high, so a line that starts closed has a valley there once it opens.
    """
    level = np.asarray(signal, dtype=np.float64)
    found: list[int] = []
    lowest, highest = 0, 0
    falling = True
    for index in range(1, len(level)):
        if falling:
            if level[index] < level[lowest]:
                lowest = index
            elif level[index] >= level[lowest] + depth:
                found.append(lowest)
                falling, highest = False, index
        elif level[index] > level[highest]:
            highest = index
        elif level[index] <= level[highest] - depth:
            falling, lowest = True, index
    return np.array([_floor_middle(level, i) for i in found], dtype=np.float64), level[np.array(found, dtype=np.int64)]


def through_moments(times: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Sampling times (N,) of evenly spaced frames that pass exactly through `moments` (M,), most important first.

    Each moment within the frames moves the frame nearest to it, if none before has moved that one; no frame moves more
    than half its distance to the next, so the order of time is kept.
    """
    moved = np.array(times, dtype=np.float64)
    if len(moved) < 2:
        return moved
    step = (moved[-1] - moved[0]) / (len(moved) - 1)
    nearest = np.rint((np.asarray(moments, dtype=np.float64) - moved[0]) / step).astype(np.int64)
    taken: set[int] = set()
    for frame, moment in zip(nearest.tolist(), np.asarray(moments).tolist(), strict=True):
        if 0 <= frame < len(moved) and frame not in taken:
            taken.add(frame)
            moved[frame] = moment
    return moved


def smooth(values: np.ndarray, rate: float, seconds: float) -> np.ndarray:
    """Gaussian smoothing of `values` (T,C) at `rate` with a standard deviation of `seconds`; the ends hold. float32."""
    source = np.asarray(values, dtype=np.float32)
    sigma = seconds * rate
    if sigma <= 0 or len(source) < 2:
        return source.copy()
    reach = min(max(1, round(3 * sigma)), len(source) - 1)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    taps = (taps / taps.sum()).astype(np.float32)
    padded = np.concatenate([np.repeat(source[:1], reach, axis=0), source, np.repeat(source[-1:], reach, axis=0)])
    result = np.zeros_like(source)
    for offset, tap in enumerate(taps):
        result += tap * padded[offset : offset + len(source)]
    return result


def decimate(values: np.ndarray, tolerance: float, keep: np.ndarray | None = None) -> np.ndarray:
    """Which samples of one curve (T,) to keep so that straight lines between them stay within `tolerance`: (T,) bool.

    Ramer-Douglas-Peucker with the error measured along the value axis, as an animation curve needs, and all segments
    split at once in each pass. Both ends are kept, and whatever the mask `keep` (T,) names.
    """
    curve = np.asarray(values, dtype=np.float64)
    count = len(curve)
    kept = np.zeros(count, dtype=bool) if keep is None else np.array(keep, dtype=bool)
    kept[[0, -1]] = True
    position = np.arange(count)
    while True:
        knots = np.flatnonzero(kept)
        error = np.abs(np.interp(position, knots, curve[knots]) - curve)
        if len(knots) == count or error.max() <= tolerance:
            return kept
        starts = knots[:-1]
        worst = np.maximum.reduceat(error[:-1], starts)
        segment = np.repeat(np.arange(len(starts)), np.diff(knots))
        split = np.flatnonzero((error[:-1] >= worst[segment]) & (worst[segment] > tolerance))
        # Where the largest error occurs more than once in a segment, the first is enough for this pass.
        kept[split[np.unique(segment[split], return_index=True)[1]]] = True


def _neighbours(count: int, rate: float, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    position = np.clip(np.asarray(times, dtype=np.float64) * rate, 0, count - 1)
    nearest = np.rint(position)
    position = np.where(np.abs(position - nearest) < 1e-6, nearest, position)  # 1:1 stays bit for bit
    below = np.floor(position).astype(np.int64)
    return below, np.minimum(below + 1, count - 1), position - below


def _floor_middle(level: np.ndarray, start: int) -> float:
    end = start
    while end + 1 < len(level) and level[end + 1] == level[start]:
        end += 1
    return (start + end) / 2
