"""Takes: recordings with their own Performances, to learn from instead of the rules or beside them.

A data set of filmed speakers such as MEAD becomes material once its clips have been tracked: a folder with
`NAME.npz`, a Performance whose `emotion` says what was acted, beside `NAME.wav` (or flac, ogg, mp3) with its sound.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from addon.core.channels import CHANNEL_INDEX, CHANNELS, GROUPS, indices
from addon.core.curves import resample, smooth
from addon.core.errors import RequestError
from addon.core.performance import Performance
from backend.audio.prosody import analyse_prosody
from backend.cues.clock import ENCODER_RATE, STEPS_PER_CUE
from backend.cues.encoder import SpeechEncoder
from backend.cues.fixation_grid import classes_of, fixations_in
from backend.cues.spaces import HEAD_UNIT, LIP_CONTROLS, channels_to_lips
from backend.evaluation.statistics import world_gaze
from backend.face.landmarks import CLOSED_LIPS, inner_lip_gap

from .scenes import Scene, features_of
from .teacher import LID_MOVES, Lesson

log = logging.getLogger(__name__)

SOUNDS: Final[tuple[str, ...]] = (".wav", ".flac", ".ogg", ".mp3")
SLOW: Final[float] = 0.8
"""Seconds of the running mean of a mouth channel that counts as expression: longer than words, shorter than moods."""
SEAL: Final[float] = 0.04
"""Seconds over which a measured closure is spread, so that contact comes and goes as the rules have it."""


def read_takes(folder: Path, encoder: SpeechEncoder, first: int) -> Iterator[tuple[Scene, Lesson]]:
    """Every take of a folder as a scene and what was done in it; scenes are numbered from `first` on.

    Raises RequestError where the folder has no takes, or one of them has no sound.
    """
    from backend.audio.decode import read_sound

    files = sorted(folder.glob("*.npz"))
    if not files:
        raise RequestError("takes.none", "The folder has no takes: NAME.npz beside NAME.wav.", str(folder))
    for number, file in enumerate(files, start=first):
        sound_file = next((file.with_suffix(s) for s in SOUNDS if file.with_suffix(s).is_file()), None)
        if sound_file is None:
            raise RequestError("takes.sound", f"The take {file.name} has no sound beside it.", str(folder))
        sound, performance = read_sound(sound_file), Performance.load(file)
        features = features_of(encoder, sound.samples)
        scene = Scene(sound.sha256, sound.duration, (), analyse_prosody(sound), features)
        yield scene, lesson_of_take(performance, number, len(features))
    log.info("%d takes", len(files))


def lesson_of_take(performance: Performance, number: int, steps: int) -> Lesson:
    """What a performance did at `steps` encoder steps (fewer where it is shorter), as a lesson.

    The slow part of mouth channels is expression, the rest is speech; both add up to what was seen.
    """
    steps = min(steps, int(performance.duration * ENCODER_RATE)) // STEPS_PER_CUE * STEPS_PER_CUE
    times = np.arange(steps) / ENCODER_RATE
    channels = resample(performance.channels, performance.fps, times).astype(np.float64)
    spoken = indices(*LIP_CONTROLS)
    slow = smooth(channels[:, spoken], ENCODER_RATE, SLOW).astype(np.float64)
    speech = np.zeros_like(channels)
    speech[:, spoken] = np.maximum(channels[:, spoken] - slow, 0.0)
    jaw = CHANNEL_INDEX["jawOpen"]
    speech[:, jaw], slow[:, spoken.index(jaw)] = channels[:, jaw], 0.0  # a jaw that hangs open is speech too
    expression = channels.copy()
    expression[:, spoken] = slow
    expression[:, [CHANNELS.index(name) for name in GROUPS["gaze"]]] = 0.0
    lids = channels[:, indices("eyeBlink")].mean(axis=1)
    expression[:, indices("eyeBlink")] = np.percentile(lids, 20)  # blinks are a stream of their own
    closed = inner_lip_gap(resample(performance.landmarks, performance.fps, times)) < CLOSED_LIPS
    contact = np.clip(smooth(closed.astype(np.float64), ENCODER_RATE, SEAL), 0.0, 1.0)
    gaze = resample(world_gaze(performance), performance.fps, times)
    classes, looks = classes_of(*fixations_in(gaze, ENCODER_RATE), steps // STEPS_PER_CUE)
    begun = np.diff(lids > np.median(lids) + 3 * LID_MOVES, prepend=False) & (lids > np.median(lids) + 3 * LID_MOVES)
    return Lesson(
        scene=number,
        emotion=resample(performance.emotion, performance.fps, times),
        lips=channels_to_lips(speech).astype(np.float32),
        contacts=np.stack([contact, np.zeros(steps)], axis=1).astype(np.float32),
        expression=expression[::STEPS_PER_CUE].astype(np.float32),
        head=np.degrees(resample(performance.head[:, :3], performance.fps, times))[::STEPS_PER_CUE] / HEAD_UNIT,
        gaze=classes,
        look=looks.astype(np.float32),
        blink=begun.reshape(-1, STEPS_PER_CUE).any(axis=1),
    )
