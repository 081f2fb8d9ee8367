"""What a training set shows: every control alone, speech mixed with feeling, gaze and head, and performed lines.

A network that draws a character can only draw what it has seen: each control of the face at its full value, the mouth
in every shape of speech under every expression, eyes and head over their range. What performances really do lies
between those, and some of their own frames are added. All from numbers and a seed; nothing here knows Blender.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..core.channels import CHANNEL_INDEX, CHANNELS, GROUPS, indices
from ..core.emotion import EMOTIONS
from ..core.eyes import eye_look_channels
from ..core.mapping import viseme_faces
from ..core.performance import ARRAY_NAMES, Performance
from ..core.placement import canonical_face

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SWEEP: Final[str] = "sweep"
"""What the sweep's frames have in the place of a line's name."""
EXPRESSIONS: Final[Mapping[str, Mapping[str, float]]] = {
    "angry": {"browDown": 1.0, "eyeSquint": 0.5, "noseSneer": 0.3, "mouthPress": 0.4, "mouthFrown": 0.3},
    "contempt": {"mouthSmileRight": 0.5, "mouthDimpleRight": 0.7, "browOuterUpRight": 0.6, "eyeSquintRight": 0.4},
    "disgusted": {"noseSneer": 1.0, "mouthUpperUp": 0.5, "browDown": 0.6, "cheekSquint": 0.6, "mouthFrown": 0.5},
    "fear": {"browInnerUp": 1.0, "browOuterUp": 0.4, "eyeWide": 0.8, "mouthStretch": 0.5},
    "happy": {"mouthSmile": 0.9, "cheekSquint": 0.7, "eyeSquint": 0.3, "mouthDimple": 0.2},
    "sad": {"browInnerUp": 0.9, "mouthFrown": 0.8, "mouthShrugLower": 0.3, "eyeBlink": 0.2},
    "surprised": {"browInnerUp": 0.9, "browOuterUp": 0.9, "eyeWide": 0.9},
}
"""EMFACS action units (Ekman and Friesen 1983) as channels, a name without side for both; how strong is chosen."""
PRESSED: Final[Mapping[str, float]] = {"mouthPress": 0.4, "mouthRollLower": 0.2, "mouthRollUpper": 0.2}
"""Lips pressed together as for p, b and m; chosen."""
PORTIONS: Final[tuple[float, ...]] = (-1.0, -0.5, 0.5, 1.0)
"""Of its range that each turn of the head is shown at; at rest everything else shows it."""
LOOK: Final[tuple[float, float]] = (0.30, 0.45)
TURN: Final[tuple[float, float, float]] = (0.22, 0.38, 0.16)
"""How far eyes look (pitch, yaw) and the head turns (pitch, yaw, roll), radians each way; chosen."""
LOOKS: Final[tuple[int, int]] = (3, 5)
"""Rows and columns of the grid of looks."""
BLINKS: Final[float] = 0.3
"""Share of the mixed poses whose lids are on their way."""
GAP_OF_JAW: Final[float] = 0.45
"""Lip gap at a jaw fully open, in inter-ocular distances: the mean of `core.geometry.WIDEST_GAPS`."""
LIP_GAP: Final[float] = 0.3
"""Part of that gap that lips which are drawn apart make without the jaw; chosen."""
MOUTHS: Final[float] = 0.25
FEELINGS: Final[float] = 0.2
"""Concentrations of the Dirichlet distributions that mix mouths and expressions: far below 1, so that one or two lead
in most poses; chosen."""
STRENGTH: Final[tuple[float, float]] = (0.5, 1.4)
"""A mixed mouth is this much of itself: mumbled to exaggerated, beyond which channels are limited; chosen."""
STRAYS: Final[int] = 3
STRAY: Final[float] = 0.6
"""So many controls of each mixed pose stray by up to this, so that no two always come together; chosen."""
HELD_OUT_EVERY: Final[int] = 10
"""One in so many of the mixed poses is for validation."""
_UPPER, _LOWER = (61, 62, 63), (65, 66, 67)


@dataclass(frozen=True, eq=False)
class Programme:
    """T frames to render: what to perform in each, whether it trains, validates or tests, and the line it is of."""

    performance: Performance
    splits: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Line:
    """A performed line to take frames from: for training `count` that differ most, for a test the first, in a row."""

    name: str
    performance: Performance
    count: int
    held_out: bool = False


def programme(fps: float, mixed: int = 160, lines: Sequence[Line] = (), seed: int = 0) -> Programme:
    """The designed sweep with `mixed` poses at random, then frames of lines; every frame stands for itself."""
    poses = list(_single_poses())
    alone = len(poses)
    poses += list(_mixed_poses(mixed, np.random.default_rng(seed)))
    parts = [_performed(poses, fps)]
    splits = [VALIDATION if n >= alone and (n - alone) % HELD_OUT_EVERY == 1 else TRAIN for n in range(len(poses))]
    names = [SWEEP] * len(poses)
    for line in lines:
        parts.append(_chosen(line, fps))
        splits += [TEST if line.held_out else TRAIN] * parts[-1].frame_count
        names += [line.name] * parts[-1].frame_count
    whole = Performance(fps, **{n: np.concatenate([part.arrays()[n] for part in parts]) for n in ARRAY_NAMES}, meta={})
    return Programme(whole, tuple(splits), tuple(names))


@dataclass(frozen=True, eq=False)
class _Pose:
    """Channels (52,) without the looks, gaze (2,) and head (3,) radians."""

    channels: np.ndarray
    gaze: np.ndarray
    head: np.ndarray


def _pose(
    values: Mapping[str, float] | None = None,
    gaze: Sequence[float] = (0.0, 0.0),
    head: Sequence[float] | np.ndarray = (0.0, 0.0, 0.0),
) -> _Pose:
    return _Pose(_channels(values or {}), np.array(gaze, dtype=np.float64), np.array(head, dtype=np.float64))


def _single_poses() -> Iterator[_Pose]:
    """The face at rest, every control alone, every viseme and expression, the grid of looks, turns of the head."""
    yield _pose()
    for name in CHANNELS:
        if name not in GROUPS["gaze"]:
            yield _pose({name: 1.0} if name != "mouthClose" else {name: 0.5, "jawOpen": 0.5})
    yield _pose({"eyeBlink": 1.0})
    yield _pose({"eyeBlink": 0.5})
    for face in (*_mouths(), *map(_channels, EXPRESSIONS.values())):
        yield _Pose(face, np.zeros(2), np.zeros(3))
    for pitch in np.linspace(-1, 1, LOOKS[0]):
        for yaw in np.linspace(-1, 1, LOOKS[1]):
            yield _pose(gaze=(pitch * LOOK[0], yaw * LOOK[1]))
    for axis in range(3):
        for portion in PORTIONS:
            yield _pose(head=portion * TURN[axis] * np.eye(3)[axis])


def _mixed_poses(count: int, rng: np.random.Generator) -> Iterator[_Pose]:
    """Mouths of speech under expressions, with looks, blinks and turns; the turns cover their range evenly."""
    mouths, feelings = np.stack(_mouths()), np.stack([_channels(EXPRESSIONS[n]) for n in EMOTIONS if n in EXPRESSIONS])
    turns, looks = _even(count, 3, rng) * TURN, _even(count, 2, rng) * LOOK
    lids = indices("eyeBlink")
    for number in range(count):
        face = rng.dirichlet(np.full(len(mouths), MOUTHS)) @ mouths * rng.uniform(*STRENGTH)
        face += rng.dirichlet(np.full(len(feelings), FEELINGS)) @ feelings * rng.uniform(0.0, 1.0)
        some = rng.choice(len(CHANNELS), STRAYS, replace=False)
        face[some] += rng.uniform(0.0, STRAY, STRAYS)
        face[indices(*GROUPS["gaze"])] = 0.0
        if rng.random() < BLINKS:
            face[lids] = rng.uniform(0.0, 1.0)
        yield _Pose(np.clip(face, 0.0, 1.0), looks[number], turns[number])


def _mouths() -> list[np.ndarray]:
    """(52,) the mouth of every viseme, and lips pressed together as for p, b and m."""
    return [*viseme_faces().values(), _channels(PRESSED)]


def _channels(values: Mapping[str, float]) -> np.ndarray:
    made = np.zeros(len(CHANNELS))
    for name, value in values.items():
        made[indices(name)] = value
    return made


def _even(count: int, axes: int, rng: np.random.Generator) -> np.ndarray:
    """(count,axes) in -1..1, each axis cut into `count` equal pieces with one sample in each (Latin hypercube)."""
    pieces = np.stack([rng.permutation(count) for _ in range(axes)], axis=1)
    return 2.0 * (pieces + rng.random((count, axes))) / max(count, 1) - 1.0


def _performed(poses: Sequence[_Pose], fps: float) -> Performance:
    """Poses as the frames of a performance; its landmarks tell of the lips' gap alone."""
    gaze = np.repeat(np.stack([pose.gaze for pose in poses])[:, None], 2, axis=1)
    channels = np.stack([pose.channels for pose in poses]) + eye_look_channels(gaze)
    jaw = channels[:, CHANNEL_INDEX["jawOpen"]] - channels[:, CHANNEL_INDEX["mouthClose"]]
    drawn_apart = channels[:, indices("mouthLowerDown", "mouthUpperUp", "mouthFunnel")].max(axis=1)
    parted = np.maximum(jaw, 0.0) + LIP_GAP * drawn_apart
    landmarks = np.repeat(canonical_face()[None], len(poses), axis=0)
    landmarks[:, _LOWER] = landmarks[:, _UPPER[::-1]]
    landmarks[:, _LOWER, 1] -= GAP_OF_JAW * parted[:, None]
    head = np.pad(np.stack([pose.head for pose in poses]), ((0, 0), (0, 3)))
    emotion = np.tile(np.eye(9)[EMOTIONS.index("neutral")], (len(poses), 1))
    return Performance(fps, landmarks, gaze, head, np.clip(channels, 0.0, 1.0), emotion)


def _chosen(line: Line, fps: float) -> Performance:
    """The frames of a line that are rendered, as a performance of their own."""
    source = line.performance
    if line.held_out:
        steps = np.arange(min(line.count, int(source.frame_count * fps / source.fps) or 1))
        frames = np.minimum(np.round(steps * source.fps / fps).astype(np.int64), source.frame_count - 1)
    else:
        frames = _most_different(_features(source), line.count)
    return Performance(fps, **{name: source.arrays()[name][frames] for name in ARRAY_NAMES}, meta={})


def _features(performance: Performance) -> np.ndarray:
    """(T,F) what makes frames look different: channels, looks and turns, each in about 0..1."""
    look = performance.gaze.reshape(len(performance.gaze), -1) / LOOK[1]
    return np.concatenate([performance.channels, look, performance.head[:, :3] / TURN[1]], axis=1)


def _most_different(features: np.ndarray, count: int) -> np.ndarray:
    """(count,) rising frames, each as far from those before it as can be, from the first frame on.

    The greedy farthest-point choice (Gonzalez, Theoretical Computer Science 38, 1985).
    """
    chosen = [0]
    nearest = np.linalg.norm(features - features[0], axis=1)
    while len(chosen) < min(count, len(features)):
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(features - features[chosen[-1]], axis=1))
    return np.sort(np.array(chosen))
