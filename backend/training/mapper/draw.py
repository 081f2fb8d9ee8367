"""Expressions, gazes and poses to learn from, drawn at random: a broad guess at what a performance may ask for.

Where the weights bring their retargeting networks, lips open as a drawn row of visemes says and eyes open and close;
every keypoint wanders about that on its own. How far is our own choice: documented controls move single keypoints by
0.01 to 0.03, and lips and brows are given about that, the others a third of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import torch
from torch import Tensor

from backend.face.basis import landmarks_from_channels, load_basis
from backend.generator.liveportrait.drive import Drive
from backend.generator.liveportrait.keypoints import BROWS, EYEBALLS, LIDS, LIPS
from backend.generator.liveportrait.loader import LoadedPortrait
from backend.generator.liveportrait.mapper_inputs import voice_of_visemes
from backend.generator.liveportrait.openings import eye_openings, lip_opening, opened_to
from backend.generator.liveportrait.source import PortraitState
from backend.rules.calibration import articulation_targets
from backend.rules.tables import table
from backend.speech.visemes import VISEME_OF_PHONE, VISEMES

FPS: Final[float] = 30.0
FRAMES: Final[int] = 16
"""Of a clip, all under one pose: what expression moves is seen against one frame at rest."""
KEYS: Final[int] = 3
"""Frames from one drawn expression to the next."""
SPREAD: Final[Mapping[tuple[int, ...], float]] = {LIPS: 0.012, LIDS: 0.006, BROWS: 0.008, EYEBALLS: 0.001}
OTHER_SPREAD: Final[float] = 0.004
DEPTH: Final[float] = 0.5
"""Share of it into the picture."""
TURN: Final[tuple[float, float, float]] = (0.12, 0.25, 0.10)
"""Standard deviations of pitch, yaw and roll, radians: heads of `rules` keep within twice that."""
PLACE: Final[float] = 0.1
"""The same of the head's place, inter-ocular distances."""
LOOK: Final[tuple[float, float]] = (0.12, 0.25)
"""The same of pitch and yaw of the eyes, radians."""
SOUND: Final[tuple[float, float]] = (0.06, 0.2)
"""Shortest and longest viseme, seconds."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """One clip: what drives the portrait, and the voice (T,VOICE) that goes with it."""

    drive: Drive
    voice: np.ndarray


def draw_clip(rng: np.random.Generator, loaded: LoadedPortrait, state: PortraitState, turn: float = 1.0) -> Drawn:
    """A clip of FRAMES frames. The head moves `turn` times as far as TURN and PLACE say."""
    visemes = _visemes(rng)
    voice = voice_of_visemes(visemes, FPS, FRAMES)
    keypoints = loaded.networks.config.keypoints
    wander = _eased(rng.normal(size=(_keys(), keypoints, 3)) * _spread(keypoints) * rng.uniform(0.2, 1.6))
    expression = torch.as_tensor(wander, dtype=torch.float32, device=loaded.device)
    if loaded.stitched:
        expression = expression + _openings(rng, loaded, state, voice)
    gaze = np.repeat(rng.normal(size=(1, 2)) * LOOK, 2, axis=0).reshape(1, 4)
    pose = turn * np.concatenate([rng.normal(size=3) * TURN, rng.normal(size=3) * PLACE])[None]
    return Drawn(Drive(expression, _still(gaze, loaded.device), _still(pose, loaded.device)), voice)


def _openings(rng: np.random.Generator, loaded: LoadedPortrait, state: PortraitState, voice: np.ndarray) -> Tensor:
    """Expressions (T,K,3) of lips that say the visemes, louder or softer, and of eyes that open and close."""
    own = state.landmarks
    lips = lip_opening(own) + rng.uniform(0.5, 1.3) * voice[:, :-1] @ viseme_openings()
    eyes = eye_openings(own).mean() * _eased(rng.uniform(0.0, 1.3, size=_keys()))
    with torch.inference_mode():
        offsets = opened_to(loaded.networks.retargeting, state.keypoints, state.motion.scale, own, lips, eyes)
    return offsets.clone()


@cache
def viseme_openings() -> np.ndarray:
    """(15,) how far each viseme opens the lips, height over width of the mouth: the mean of its phones in the rules."""
    targets, classes = articulation_targets(), table("visemes")["phones"]
    shapes = landmarks_from_channels(load_basis(), targets.channels)
    opening = np.maximum(lip_opening(shapes) - lip_opening(load_basis().neutral), 0.0)
    phones = [[p for p, viseme in VISEME_OF_PHONE.items() if viseme == name and p in classes] for name in VISEMES]
    return np.array([np.mean([opening[targets.names.index(classes[p][0])] for p in own] or [0.0]) for own in phones])


def _visemes(rng: np.random.Generator) -> list[tuple[str, float, float]]:
    spans: list[tuple[str, float, float]] = []
    time = -float(rng.uniform(*SOUND))
    while time < FRAMES / FPS:
        end = time + float(rng.uniform(*SOUND))
        spans.append((str(rng.choice(VISEMES)), time, end))
        time = end
    return spans


@cache
def _spread(keypoints: int) -> np.ndarray:
    """(K,3) standard deviations of single keypoints."""
    spread = np.full((keypoints, 3), OTHER_SPREAD)
    for numbers, value in SPREAD.items():
        spread[list(numbers)] = value
    return spread * np.array([1.0, 1.0, DEPTH])


def _keys() -> int:
    return -(-FRAMES // KEYS) + 1


def _eased(keys: np.ndarray) -> np.ndarray:
    """Drawn values (N,...) joined by half cosines: (FRAMES,...)."""
    place = np.arange(FRAMES) / KEYS
    first = place.astype(int)
    share = (0.5 - 0.5 * np.cos(np.pi * (place - first))).reshape(-1, *[1] * (keys.ndim - 1))
    return keys[first] * (1.0 - share) + keys[first + 1] * share


def _still(values: np.ndarray, device: torch.device) -> Tensor:
    return torch.as_tensor(values, dtype=torch.float32, device=device).expand(FRAMES, -1)
