"""The neural performer: lines played by the actor, put together as the rules put theirs together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from addon.core.emotion import EMOTIONS, EmotionTrack
from addon.core.performance import Performance
from backend.audio.sound import Sound
from backend.progress import Share
from backend.rules.assembly import FaceLayers, assemble, no_contacts
from backend.rules.closures import contacts_of
from backend.rules.expression import prototypes, with_brows_raised
from backend.rules.head import pivot_translation
from backend.rules.layers import Direction, frame_times
from backend.speech.phones import Phone

from .accompaniment import BOWED, Accompaniment
from .actor import Actor, Dice, Ear, Heard, even
from .clock import ENCODER_RATE, STEPS_PER_CUE
from .contrast import with_contrast
from .expression_space import expression_channels
from .frontend import encoder_inputs
from .recorder import Recorder
from .spaces import HEAD_UNIT, lips_to_channels
from .steps import Steps
from .told import told_phones
from .tracks import CueTracks
from .transition import Transition

PIECE: Final[int] = 30 * ENCODER_RATE
"""Encoder steps that are heard at once: half a minute, so that a long line fits memory."""
ACTED: Final[int] = 4 * ENCODER_RATE // STEPS_PER_CUE
"""Cue steps that are taken at once: 4 s, so that many lines fit memory and can be cancelled."""
HEAD_SPREAD: Final[np.ndarray] = np.array([1.0 - BOWED, 1.8, 1.6])
"""Factors on pitch, yaw and roll as they are drawn: the network turns and tilts by half to two thirds of what its
teacher does, whose deviations (0.6 to 1.1, 0.6 to 0.9 degrees) are at the lower end of what is published; most of the
pitch is the voice's (`accompaniment`), as people's is (Munhall et al. 2004: the head tells over 63 % of the variance of
F0)."""
DRAWN_LAYERS: Final[tuple[str, ...]] = ("expression", "blink", "gaze", "head")
"""Layers that chance has a part in; lips follow from the sound."""


@dataclass(frozen=True, eq=False)
class CueLine:
    """A line to play: its sound, emotion and direction.

    `phones` of a known text lead the lips and seal their closures, instead of those that are heard; `character` (16,52)
    are example frames of the character's own poses.
    """

    sound: Sound
    emotion: EmotionTrack
    direction: Direction
    phones: tuple[Phone, ...] | None = None
    character: np.ndarray | None = None


def hear_line(actor: Actor, line: CueLine) -> Heard:
    """A whole line as the actor hears it."""
    inputs = encoder_inputs(line.sound.samples, actor.mel_mean)
    count = len(inputs)
    if even(count) > count:
        inputs = np.concatenate([inputs, inputs[-1:]])  # completes the last cue step
    lasts = len(line.emotion.times) == 1
    emotion = line.emotion.sample(np.zeros(1) if lasts else np.arange(len(inputs)) / ENCODER_RATE)
    condition = actor.feel(emotion, line.character)
    told = told_phones(line.phones, len(inputs)) if line.phones else None
    pieces: list[Heard] = []
    ear: Ear | None = None
    for at in range(0, len(inputs), PIECE):
        span = slice(at, at + PIECE)
        felt = condition if lasts else condition[span]
        heard, ear = actor.hear(inputs[span], felt, ear, None if told is None else told[span])
        pieces.append(heard)
    return Heard(
        lips=_joined([piece.lips for piece in pieces])[:count],
        voice=_joined([piece.voice for piece in pieces])[:count],
        phones=_joined([piece.phones for piece in pieces])[:count],
        visemes=_joined([piece.visemes for piece in pieces])[:count],
        motion=tuple(_joined(parts) for parts in zip(*(piece.motion for piece in pieces), strict=True)),
    )


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """The pieces (M,...) of a line's motion in one; of what lasts (1,...) the first."""
    return parts[0] if len(parts) == 1 or len(parts[0]) == 1 else np.concatenate(parts)


def act_lines(
    actor: Actor, lines: Sequence[CueLine], heard: Sequence[Heard], done: Share = lambda share: None
) -> list[CueTracks]:
    """The tracks of lines that were heard, acted together.

    `done` hears the share that is done after each piece of `ACTED` steps, and may raise to cancel.
    """
    anew = [name for name in DRAWN_LAYERS if any(x.direction.seed_of(name) != x.direction.seed for x in lines)]
    first, steps = _act(actor, lines, heard, None, (), lambda share: done(share / (1 + len(anew))))
    for count, layer in enumerate(anew, start=1):
        again, _ = _act(actor, lines, heard, steps, (layer,), _part(done, count, 1 + len(anew)))
        first = [_with_layer(kept, new, layer) for kept, new in zip(first, again, strict=True)]
    return first


def perform_tracks(actor: Actor, line: CueLine, tracks: CueTracks, meta: Mapping[str, Any]) -> Performance:
    """The Performance of a line from its tracks."""
    times = frame_times(line.sound.duration, line.direction.fps)
    return frames_of(actor, line, tracks, times, meta)


def frames_of(
    actor: Actor, line: CueLine, tracks: CueTracks, times: np.ndarray, meta: Mapping[str, Any]
) -> Performance:
    """The frames of a line at `times` (T,), which follow each other at the direction's rate."""
    layers, head = _layers(actor, line, tracks, times)
    face = assemble(layers)
    return Performance(
        fps=line.direction.fps,
        landmarks=face.landmarks,
        gaze=face.gaze,
        head=head,
        channels=face.channels,
        emotion=line.emotion.sample(times),
        meta=meta,
    )


def _layers(actor: Actor, line: CueLine, tracks: CueTracks, times: np.ndarray) -> tuple[FaceLayers, np.ndarray]:
    on = line.direction.layers
    emotion = line.emotion.sample(times).astype(np.float64)
    frames = len(times)
    still = np.zeros((frames, 52))
    gestures = tracks.gestures_at(times)
    angles = np.radians(tracks.motion_at("head", times) * HEAD_UNIT * HEAD_SPREAD + gestures[:, 1:])
    head = np.concatenate([angles, pivot_translation(angles)], axis=1) if "head" in on else np.zeros((frames, 6))
    contacts = no_contacts(frames)
    if "speech" in on:
        heard = tracks.contacts_at(times)
        contacts = contacts_of(line.phones, times, line.direction.fps) if line.phones else heard
    expression = still
    if "expression" in on:
        drawn = expression_channels(actor.cues, tracks.motion_at("expression", times))
        if len(line.emotion.times) > 1:
            drawn = np.clip(drawn + tracks.behind_at(times) @ prototypes(), 0.0, 1.0)
        expression = with_brows_raised(drawn, gestures[:, 0])
    layers = FaceLayers(
        speech=_speech(line, lips_to_channels(tracks.lips_at(times)), emotion) if "speech" in on else still,
        expression=expression,
        contacts=contacts,
        blink=tracks.closure_at(times, line.direction.fps) if "blink" in on else np.zeros(frames),
        gaze=tracks.gaze_at(times) if "gaze" in on else None,
        head=head,
    )
    return layers, head


def _speech(line: CueLine, spoken: np.ndarray, emotion: np.ndarray) -> np.ndarray:
    """The speech channels (T,52), with the contrast that the doubt of the network has taken from them."""
    return with_contrast(spoken, emotion, told=bool(line.phones))


def _act(
    actor: Actor,
    lines: Sequence[CueLine],
    heard: Sequence[Heard],
    held: Sequence[Steps] | None,
    layers: tuple[str, ...],
    done: Share,
) -> tuple[list[CueTracks], list[Steps]]:
    """Act piece by piece; where `held` is given, only `layers`, with the seeds of their own."""
    dice = [Dice(_seeds(line.direction, layers if held else ()), line.sound.sha256) for line in lines]
    recorders = [Recorder() for _ in lines]
    for recorder, line, one in zip(recorders, lines, heard, strict=True):
        recorder.add_heard(one.lips, *_followed(line, one.voice))
    longest = max(len(one.motion[0]) for one in heard)
    state, pieces = None, []
    for number, at in enumerate(range(0, longest, ACTED)):
        motions = [tuple(part[at : at + ACTED] if len(part) > 1 else part for part in one.motion) for one in heard]
        steps, state = actor.act(motions, dice, state, held[number] if held else None, layers)
        for line, one in enumerate(heard):
            recorders[line].add_steps(steps[: max(0, len(one.motion[0]) - at)], line)
        pieces.append(steps)
        done(min(1.0, (at + ACTED) / longest))
    return [recorder.tracks for recorder in recorders], pieces


def _followed(line: CueLine, voice: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(S,4) what the voice (S,4) of a whole line moves, and (S,8) how far its expression is behind the emotion."""
    seeds = _seeds(line.direction, DRAWN_LAYERS)
    lasts = len(line.emotion.times) == 1
    emotion = line.emotion.sample(np.zeros(1) if lasts else np.arange(len(voice)) / ENCODER_RATE)
    gestures = Accompaniment(seeds, line.sound.sha256, emotion[:1]).push(voice, emotion)
    return gestures, np.zeros((len(voice), len(EMOTIONS))) if lasts else Transition(emotion[:1]).push(emotion)


def _seeds(direction: Direction, anew: Sequence[str]) -> dict[str, int]:
    """The line's seed for every stream, and for the layers that are drawn anew their own."""
    return {name: direction.seed_of(name) if name in anew else direction.seed for name in DRAWN_LAYERS}


def _part(done: Share, number: int, count: int) -> Share:
    return lambda share: done((number + share) / count)


def _with_layer(kept: CueTracks, anew: CueTracks, layer: str) -> CueTracks:
    names = {"expression": ("expression",), "head": ("head",), "gaze": ("looks", "tremor"), "blink": ("blinks",)}
    return replace(kept, **{name: getattr(anew, name) for name in names[layer]})
