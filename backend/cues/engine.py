"""The neural engine: decoded lines to Performances, one or a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from addon.core.performance import Performance
from backend.device import device_name
from backend.progress import Share
from backend.speech.phones import SILENCE, Phone, Word
from backend.speech.visemes import VISEMES, visemes_of

from .actor import Actor, Heard
from .clock import ENCODER_RATE
from .heard import phones_heard, spans_heard
from .library import actor_on, model_hash
from .performer import CueLine, act_lines, hear_line, perform_tracks
from .side_by_side import side_by_side, workers

BATCH_STEPS: Final[int] = 64 * 8 * ENCODER_RATE
"""Encoder steps of a batch: 64 lines of 8 s."""
HEARING: Final[float] = 0.6
"""Share of a batch's work that is hearing."""
NO_VOICE: Final[str] = "No voice was found in the sound; the lips will rest."


@dataclass(frozen=True, eq=False)
class Script:
    """A line to perform; where the artist gave the text, its `phones` and `words`. `notes` go into the meta."""

    line: CueLine
    words: tuple[Word, ...] = ()
    notes: Mapping[str, Any] | None = None


def perform_scripts(scripts: Sequence[Script], done: Share = lambda share: None) -> list[Performance]:
    """Perform lines in batches of about one length, side by side; `done` hears the share that is done and may raise to
    cancel.
    """
    actor = actor_on(device_name())
    batches = _batches([_steps(script) for script in scripts])
    jobs = [partial(_perform, actor, [scripts[k] for k in batch]) for batch in batches]
    results: dict[int, Performance] = {}
    for batch, performed in zip(batches, side_by_side(jobs, done), strict=True):
        results.update(zip(batch, performed, strict=True))
    return [results[number] for number in range(len(scripts))]


def _perform(actor: Actor, scripts: Sequence[Script], done: Share) -> list[Performance]:
    """A batch: each line is heard, all are acted together, each is put together."""
    lines = [script.line for script in scripts]
    heard = []
    for count, line in enumerate(lines, start=1):
        heard.append(hear_line(actor, line))
        done(HEARING * count / len(lines))
    tracks = act_lines(actor, lines, heard, lambda share: done(HEARING + (1.0 - HEARING) * share))
    return [
        perform_tracks(actor, script.line, track, _meta(actor, script, one))
        for script, track, one in zip(scripts, tracks, heard, strict=True)
    ]


def _batches(steps: Sequence[int]) -> list[list[int]]:
    """Numbers of lines of so many steps in batches of about one length and about as much work each, so many that every
    core has as many of them.
    """
    cores = min(workers(), len(steps))
    count = cores * -(-sum(steps) // (cores * BATCH_STEPS))
    share = sum(steps) / count
    batches: list[list[int]] = []
    before, latest = 0, -1
    for number in sorted(range(len(steps)), key=steps.__getitem__):
        place = int((before + 0.5 * steps[number]) / share)
        before += steps[number]
        if place > latest or steps[number] * (len(batches[-1]) + 1) > 2 * BATCH_STEPS:
            batches.append([])
        latest = place
        batches[-1].append(number)
    return batches


def _steps(script: Script) -> int:
    return int(script.line.sound.duration * ENCODER_RATE) + 1


def _meta(actor: Actor, script: Script, heard: Heard) -> dict[str, Any]:
    line = script.line
    phones: tuple[Phone, ...] = line.phones or phones_heard(heard.phones, line.sound.duration)
    notes = dict(script.notes or {})
    silent = all(phone.name == SILENCE for phone in phones)
    warnings = [*notes.pop("warnings", ()), *([NO_VOICE] if silent and not line.phones else ())]
    method = "aligned" if line.phones else "silent" if silent else "heard"
    visemes = (
        [(viseme.name, viseme.start, viseme.end) for viseme in visemes_of(line.phones)]
        if line.phones
        else spans_heard(heard.visemes, VISEMES, line.sound.duration)
    )
    return {
        "engine": "neural",
        "model": model_hash(),
        "device": actor.device.type,
        "seed": line.direction.seed,
        "layer_seeds": dict(line.direction.layer_seeds),
        "layers": list(line.direction.layers),
        "sound_sha256": line.sound.sha256,
        "phones": [[p.name, round(p.start, 4), round(p.end, 4)] for p in phones],
        "visemes": [[name, round(start, 4), round(end, 4)] for name, start, end in visemes],
        "words": [[word.text, round(word.start, 4), round(word.end, 4)] for word in script.words],
        "speech": method,
        **notes,
        "warnings": warnings,
    }
