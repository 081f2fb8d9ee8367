"""The neural engine: decoded lines to Performances, one or a batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from addon.core.performance import Performance
from backend.device import device_name
from backend.speech.phones import SILENCE, Phone, Word
from backend.speech.visemes import VISEMES, visemes_of

from .actor import Actor, Heard
from .clock import ENCODER_RATE
from .heard import phones_heard, spans_heard
from .library import actor_on, model_hash
from .performer import CueLine, act_lines, hear_line, perform_tracks

BATCH_STEPS: Final[int] = 32 * 8 * ENCODER_RATE
"""Encoder steps of a batch at most, padding included: 32 lines of 8 s, about 40 MB at work."""
NO_VOICE: Final[str] = "No voice was found in the sound; the lips will rest."


@dataclass(frozen=True, eq=False)
class Script:
    """A line to perform; where the artist gave the text, its `phones` and `words`. `notes` go into the meta."""

    line: CueLine
    words: tuple[Word, ...] = ()
    notes: Mapping[str, Any] | None = None


def perform_scripts(scripts: Sequence[Script], done: Callable[[float], None] = lambda share: None) -> list[Performance]:
    """Perform lines in batches of about one length; `done` hears the share that is done and may raise to cancel."""
    actor = actor_on(device_name())
    batches = _batches(scripts)
    results: dict[int, Performance] = {}
    with ThreadPoolExecutor(workers()) as pool:
        coming = [_hear(pool, actor, scripts, batch) for batch in batches[:1]]
        for number, batch in enumerate(batches):
            coming += [_hear(pool, actor, scripts, after) for after in batches[number + 1 : number + 2]]
            heard = [future.result() for future in coming.pop(0)]
            before, share = len(results) / len(scripts), len(batch) / len(scripts)
            lines = [scripts[k].line for k in batch]
            tracks = act_lines(actor, lines, heard, lambda part, b=before, s=share: done(b + s * part))
            for k, one, track in zip(batch, heard, tracks, strict=True):
                results[k] = perform_tracks(actor, scripts[k].line, track, _meta(actor, scripts[k], one))
    return [results[number] for number in range(len(scripts))]


def workers() -> int:
    """Lines that are heard side by side: one a core. Networks run on one thread each (`actor_on`)."""
    return max(1, os.cpu_count() or 1)


def _hear(pool: Executor, actor: Actor, scripts: Sequence[Script], batch: Sequence[int]) -> list[Future[Heard]]:
    """Have the lines of a batch heard, while the one before it is acted."""
    return [pool.submit(hear_line, actor, scripts[k].line) for k in batch]


def _batches(scripts: Sequence[Script]) -> list[list[int]]:
    """Numbers of lines of about one length, no batch over BATCH_STEPS with its padding."""
    batches: list[list[int]] = []
    for number in sorted(range(len(scripts)), key=lambda k: _steps(scripts[k])):
        if batches and _steps(scripts[number]) * (len(batches[-1]) + 1) <= BATCH_STEPS:
            batches[-1].append(number)
        else:
            batches.append([number])
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
