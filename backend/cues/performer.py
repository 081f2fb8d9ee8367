"""The neural performer: lines played by the actor, put together as the rules put theirs together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from addon.core.emotion import EmotionTrack
from addon.core.performance import Performance
from backend.audio.sound import Sound
from backend.rules.assembly import FaceLayers, assemble, no_contacts
from backend.rules.closures import contacts_of
from backend.rules.head import pivot_translation
from backend.rules.layers import Direction, frame_times
from backend.speech.phones import Phone

from .actor import Actor, Dice, even
from .clock import ENCODER_RATE
from .expression_space import expression_channels
from .frontend import encoder_inputs
from .recorder import Recorder
from .spaces import HEAD_UNIT, lips_to_channels
from .stepper import Steps
from .tracks import CueTracks

Report = Callable[[float], None]
PIECE: Final[int] = 30 * ENCODER_RATE
"""Encoder steps that are played at once: half a minute, so that a long line can be cancelled and fits the memory."""
DRAWN_LAYERS: Final[tuple[str, ...]] = ("expression", "blink", "gaze", "head")
"""Layers that chance has a part in; lips follow from the sound."""


@dataclass(frozen=True, eq=False)
class CueLine:
    """A line to play: its sound, emotion and direction.

    `phones` of a known text seal its closures, instead of those that are heard; `character` (16,52) are example frames
    of the character's own poses.
    """

    sound: Sound
    emotion: EmotionTrack
    direction: Direction
    phones: tuple[Phone, ...] | None = None
    character: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class _Batch:
    """Lines padded to one length: `inputs` (B,S,320), `emotion` (B,S,9), example frames; `counts` their own steps."""

    lines: Sequence[CueLine]
    inputs: np.ndarray
    emotion: np.ndarray
    character: np.ndarray | None
    counts: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _Record:
    """A batch as it was played: the recorder of each line, and the cue steps piece by piece."""

    recorders: list[Recorder]
    steps: list[Steps]


def play_lines(
    actor: Actor, lines: Sequence[CueLine], done: Report = lambda share: None
) -> list[tuple[CueTracks, np.ndarray]]:
    """The tracks of each line and the features (S,F) that the encoder heard, all lines as one batch.

    `done` hears the share that is done after each piece of half a minute, and may raise to cancel.
    """
    batch = _batch_of(actor, lines)
    anew = [name for name in DRAWN_LAYERS if any(x.direction.seed_of(name) != x.direction.seed for x in lines)]
    first, features = _play(actor, batch, None, (), lambda share: done(share / (1 + len(anew))))
    tracks = [recorder.tracks for recorder in first.recorders]
    for count, layer in enumerate(anew, start=1):
        part = _part(done, count, 1 + len(anew))
        again, _ = _play(actor, batch, first.steps, (layer,), part)
        tracks = [_with_layer(kept, new.tracks, layer) for kept, new in zip(tracks, again.recorders, strict=True)]
    return [(track, heard[:count]) for track, heard, count in zip(tracks, features, batch.counts, strict=True)]


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
    frames = len(times)
    still = np.zeros((frames, 52))
    angles = np.radians(tracks.motion_at("head", times) * HEAD_UNIT)
    head = np.concatenate([angles, pivot_translation(angles)], axis=1) if "head" in on else np.zeros((frames, 6))
    contacts = no_contacts(frames)
    if "speech" in on:
        heard = tracks.contacts_at(times)
        contacts = contacts_of(line.phones, times, line.direction.fps) if line.phones else heard
    expression = expression_channels(actor.cues, tracks.motion_at("expression", times)) if "expression" in on else still
    layers = FaceLayers(
        speech=lips_to_channels(tracks.lips_at(times)) if "speech" in on else still,
        expression=expression,
        contacts=contacts,
        blink=tracks.closure_at(times, line.direction.fps) if "blink" in on else np.zeros(frames),
        gaze=tracks.gaze_at(times) if "gaze" in on else None,
        head=head,
    )
    return layers, head


def _batch_of(actor: Actor, lines: Sequence[CueLine]) -> _Batch:
    inputs = [encoder_inputs(line.sound.samples, actor.mel_mean) for line in lines]
    steps = even(max(len(heard) for heard in inputs))
    return _Batch(
        lines,
        np.stack([np.pad(heard, ((0, steps - len(heard)), (0, 0)), mode="edge") for heard in inputs]),
        np.stack([line.emotion.sample(np.arange(steps) / ENCODER_RATE) for line in lines]),
        _characters(lines),
        tuple(len(heard) for heard in inputs),
    )


def _play(
    actor: Actor, batch: _Batch, held: Sequence[Steps] | None, layers: tuple[str, ...], done: Report
) -> tuple[_Record, np.ndarray]:
    """Play the batch piece by piece; where `held` is given, only `layers`, with the seeds of their own."""
    dice = [Dice(_seeds(line.direction, layers if held else ()), line.sound.sha256) for line in batch.lines]
    memory = actor.start(len(batch.lines))
    record = _Record([Recorder() for _ in batch.lines], [])
    features = []
    steps = batch.inputs.shape[1]
    for number, at in enumerate(range(0, steps, PIECE)):
        span = slice(at, at + PIECE)
        kept = held[number] if held else None
        inputs = batch.inputs[:, span]
        counts = [min(even(count) - at, inputs.shape[1]) for count in batch.counts]
        played, memory = actor.play(inputs, batch.emotion[:, span], dice, memory, batch.character, kept, layers, counts)
        for line, recorder in enumerate(record.recorders):
            if counts[line] > 0:
                recorder.add(played, line, min(batch.counts[line] - at, counts[line]))
        record.steps.append(played.steps)
        features.append(played.features)
        done(min(1.0, (at + PIECE) / steps))
    return record, np.concatenate(features, axis=1)


def _seeds(direction: Direction, anew: Sequence[str]) -> dict[str, int]:
    """The line's seed for every stream, and for the layers that are drawn anew their own."""
    return {name: direction.seed_of(name) if name in anew else direction.seed for name in DRAWN_LAYERS}


def _part(done: Report, number: int, count: int) -> Report:
    return lambda share: done((number + share) / count)


def _characters(lines: Sequence[CueLine]) -> np.ndarray | None:
    """(B,16,52) example frames; None where no line has any. A batch is of lines that all have them, or none."""
    given = [line.character for line in lines if line.character is not None]
    return np.stack(given) if len(given) == len(lines) else None


def _with_layer(kept: CueTracks, anew: CueTracks, layer: str) -> CueTracks:
    names = {"expression": ("expression",), "head": ("head",), "gaze": ("looks", "tremor"), "blink": ("blinks",)}
    return replace(kept, **{name: getattr(anew, name) for name in names[layer]})
