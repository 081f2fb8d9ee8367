"""The neural engine: decoded lines to Performances, one or a batch."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from addon.core.errors import RequestError
from addon.core.performance import Performance
from backend.speech.phones import SILENCE, Phone, Word
from backend.speech.visemes import visemes_of

from .actor import Actor
from .clock import ENCODER_RATE
from .heard import phones_heard
from .library import actor_on, model_hash
from .performer import CueLine, perform_tracks, play_lines

DEVICE_SWITCH: Final[str] = "SOLILOQUY_DEVICE"
"""Environment variable: "cpu", "cuda", or "auto", which takes a GPU where there is one."""
BATCH_STEPS: Final[int] = 16 * 8 * ENCODER_RATE
"""Encoder steps of a batch at most, padding included: 16 lines of 8 s, about 40 MB at work."""
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
    batches = _batches(scripts, workers())
    shares = np.zeros(len(batches))
    lock = threading.Lock()

    def perform_batch(number: int) -> list[tuple[int, Performance]]:
        def tell(share: float) -> None:
            with lock:
                shares[number] = share * len(batches[number]) / len(scripts)
                done(float(shares.sum()))

        chosen = batches[number]
        played = play_lines(actor, [scripts[k].line for k in chosen], tell)
        return [
            (k, perform_tracks(actor, scripts[k].line, tracks, _meta(actor, scripts[k], features)))
            for k, (tracks, features) in zip(chosen, played, strict=True)
        ]

    if len(batches) == 1:
        results = dict(perform_batch(0))
    else:
        with ThreadPoolExecutor(workers()) as pool:
            performed = pool.map(perform_batch, range(len(batches)))
            results = {number: performance for part in performed for number, performance in part}
    return [results[number] for number in range(len(scripts))]


def workers() -> int:
    """Batches that are performed side by side: one a core. Networks run on one thread each (`actor_on`)."""
    return max(1, os.cpu_count() or 1)


def device_name() -> str:
    """The device that networks run on. Raises RequestError for a GPU that is not there."""
    wanted = os.environ.get(DEVICE_SWITCH, "auto").lower()
    if wanted not in ("auto", "cpu", "cuda"):
        raise RequestError("device.name", f"{DEVICE_SWITCH} is auto, cpu or cuda.", wanted)
    if wanted == "cuda" and not torch.cuda.is_available():
        raise RequestError("device.cuda", "No CUDA device is found; choose the device cpu or auto.")
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted


def _batches(scripts: Sequence[Script], parts: int) -> list[list[int]]:
    """Numbers of lines of about one length, at least in `parts` batches, none over BATCH_STEPS with its padding.

    Lines with example frames of a character and lines without go apart.
    """
    order = sorted(range(len(scripts)), key=lambda k: (scripts[k].line.character is not None, _steps(scripts[k])))
    limit = min(BATCH_STEPS, -(-sum(_steps(script) for script in scripts) // parts))
    batches: list[list[int]] = []
    for number in order:
        batch = batches[-1] if batches else []
        same = batch and (scripts[batch[0]].line.character is None) == (scripts[number].line.character is None)
        if same and _steps(scripts[number]) * (len(batch) + 1) <= limit:
            batch.append(number)
        else:
            batches.append([number])
    return batches


def _steps(script: Script) -> int:
    return int(script.line.sound.duration * ENCODER_RATE) + 1


def _meta(actor: Actor, script: Script, features: Any) -> dict[str, Any]:
    line = script.line
    phones: tuple[Phone, ...] = line.phones or phones_heard(actor.encoder, features, line.sound.duration)
    notes = dict(script.notes or {})
    silent = all(phone.name == SILENCE for phone in phones)
    warnings = [*notes.pop("warnings", ()), *([NO_VOICE] if silent and not line.phones else ())]
    method = "aligned" if line.phones else "silent" if silent else "heard"
    return {
        "engine": "neural",
        "model": model_hash(),
        "device": actor.device.type,
        "seed": line.direction.seed,
        "layer_seeds": dict(line.direction.layer_seeds),
        "layers": list(line.direction.layers),
        "sound_sha256": line.sound.sha256,
        "phones": [[p.name, round(p.start, 4), round(p.end, 4)] for p in phones],
        "visemes": [[v.name, round(v.start, 4), round(v.end, 4)] for v in visemes_of(phones)],
        "words": [[word.text, round(word.start, 4), round(word.end, 4)] for word in script.words],
        "speech": method,
        **notes,
        "warnings": warnings,
    }
