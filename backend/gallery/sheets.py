"""Contact sheets to judge a character by: every key, the visemes, the emotions in three strengths, and speech.

Each picture stands in three views. They are drawn from the character's own arrays (`backend.demo.puppet`), so that a
change to its geometry can be looked at within a minute or two; nothing of the gallery is made from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from addon.core.channels import CHANNELS
from addon.core.emotion import EMOTIONS, EmotionTrack
from addon.core.performance import Performance
from backend.audio.prosody import analyse_prosody
from backend.demo.filmed import CLOSE_UP, PORTRAIT, Framing
from backend.demo.puppet import VIEWS, Pose, Puppet
from backend.gallery.poses import silence, visemes_held
from backend.generator.sheet import contact_sheet
from backend.rules.layers import Direction, Line
from backend.rules.performer import perform_line
from backend.speech.phones import SILENCE, Phone

LEVELS: Final[tuple[float, ...]] = (1 / 3, 2 / 3, 1.0)
"""Intensities of the emotions: the three levels of MEAD."""
SPEECH_FRAMES: Final[int] = 10
SPOKEN_EMOTIONS: Final[tuple[str, ...]] = ("neutral", "happy")
"""How the line of the speech sheet is spoken."""
PAIRS: Final[Mapping[str, Mapping[str, float]]] = {
    "open + pucker": {"jawOpen": 0.7, "mouthPucker": 1.0},
    "open + funnel": {"jawOpen": 0.6, "mouthFunnel": 1.0},
    "smile + blink": {n + s: 1.0 for n in ("mouthSmile", "eyeBlink", "cheekSquint") for s in ("Left", "Right")},
    "smile + closed": {"jawOpen": 0.5, "mouthClose": 0.5, "mouthSmileLeft": 1.0, "mouthSmileRight": 1.0},
    "smile + press": {n + s: v for n, v in (("mouthSmile", 1.0), ("mouthPress", 0.8)) for s in ("Left", "Right")},
    "open + closed": {"jawOpen": 1.0, "mouthClose": 1.0},
    "squint + look down": {n + s: 0.8 for n in ("eyeSquint", "eyeLookDown", "cheekSquint") for s in ("Left", "Right")},
    "wide + brows": {
        **{n + s: 1.0 for n in ("eyeWide", "browOuterUp") for s in ("Left", "Right")}, "browInnerUp": 1.0,
    },
}  # fmt: skip
"""Where two keys meet."""
Named = Mapping[str, Pose]


def keys() -> Named:
    """The neutral face and each of the 52 keys at 1."""
    return {"neutral": Pose({})} | {name: Pose({name: 1.0}) for name in CHANNELS}


def pairs() -> Named:
    """`PAIRS`."""
    return {name: Pose(weights) for name, weights in PAIRS.items()}


def visemes() -> Named:
    """The 15 visemes as the rules hold them."""
    performance, moments = visemes_held()
    return {name: Pose.of(performance, round(at * performance.fps)) for name, at in moments.items()}


def emotions() -> Named:
    """The eight emotions at three intensities, without speech: what the face alone says."""
    poses = {}
    sound = silence(2.0)
    for name in EMOTIONS:
        for level in LEVELS:
            line = Line(
                sound.sha256, sound.duration, (Phone(SILENCE, 0.0, sound.duration),), analyse_prosody(sound),
                EmotionTrack.constant(name, level),
            )  # fmt: skip
            performance = perform_line(line, Direction(layers=("speech", "expression")))
            poses[f"{name} {level:.2f}"] = Pose.of(performance, 30)
    return poses


def speech(performance: Performance, name: str) -> Named:
    """Ten frames of a line, evenly spread."""
    frames = np.linspace(0, performance.frame_count - 1, SPEECH_FRAMES + 2).round().astype(int)[1:-1]
    return {f"{name} {frame / performance.fps:.2f} s": Pose.of(performance, int(frame)) for frame in frames}


def draw_sheet(puppet: Puppet, poses: Named, target: Path, size: int, framing: Framing, columns: int) -> None:
    """One picture of the poses: each from the three sides, side by side."""
    views = {name: list(puppet.draw(list(poses.values()), size, framing, angle)) for name, angle in VIEWS.items()}
    strips = [np.concatenate([views[view][i] for view in VIEWS], axis=1) for i in range(len(poses))]
    contact_sheet(strips, list(poses), columns).save(target)


def make_sheets(puppet: Puppet, out: Path, spoken: Mapping[str, Performance], size: int = 200) -> None:
    """Write keys.png, pairs.png, visemes.png, emotions.png and speech.png; `spoken` has lines by name."""
    draw_sheet(puppet, keys(), out / "keys.png", size, CLOSE_UP, 4)
    draw_sheet(puppet, pairs(), out / "pairs.png", size, CLOSE_UP, 2)
    draw_sheet(puppet, visemes(), out / "visemes.png", size, CLOSE_UP, 3)
    draw_sheet(puppet, emotions(), out / "emotions.png", size, CLOSE_UP, len(LEVELS))
    lines = [speech(performance, name) for name, performance in spoken.items()]
    draw_sheet(puppet, {k: v for line in lines for k, v in line.items()}, out / "speech.png", size, PORTRAIT, 5)
