"""flite and festival: a sentence becomes samples and the exact times of its phones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from addon.core.errors import SoundError
from backend.audio.decode import read_sound
from backend.audio.sound import SAMPLE_RATE
from backend.speech.phones import SILENCE, Phone

from .programs import run_program
from .radio import arpabet_line
from .tongues import phones_of, spelled
from .voices import Manner, Voice


@dataclass(frozen=True, eq=False)
class Spoken:
    """`samples` (n,) float32 at 16 kHz and the phones in them, times in seconds."""

    samples: np.ndarray
    phones: tuple[Phone, ...]


def speak(voice: Voice, sentences: Sequence[str], manners: Sequence[Manner], scratch: Path) -> list[Spoken | None]:
    """Every sentence in its manner; None where the engine fails. `scratch` is a folder for its files."""
    if voice.engine == "festival":
        return _festival(voice, sentences, manners, scratch)
    return [_flite(voice, text, manner, scratch) for text, manner in zip(sentences, manners, strict=True)]


def _flite(voice: Voice, text: str, manner: Manner, scratch: Path) -> Spoken | None:
    wav = scratch / "flite.wav"
    wav.unlink(missing_ok=True)
    settings = ["--setf", f"duration_stretch={manner.stretch}"]
    if manner.pitch_hz:
        settings += ["--setf", f"int_f0_target_mean={manner.pitch_hz}"]
    printed = run_program(["flite", "-voice", voice.name, *settings, "-psdur", "-t", text, "-o", str(wav)])
    if printed is None:
        return None
    pairs = (item.split(":") for item in printed.split())
    return _spoken(voice, wav, [(name, float(end)) for name, end in pairs], manner)


def _festival(voice: Voice, sentences: Sequence[str], manners: Sequence[Manner], scratch: Path) -> list[Spoken | None]:
    """One process for all, which takes 0.2 s to start."""
    script = scratch / "festival.scm"
    lines = [f"(voice_{voice.name})", "(define own_hts (if (boundp 'hts_engine_params) hts_engine_params nil))"]
    for number, (text, manner) in enumerate(zip(sentences, manners, strict=True)):
        wav, seg = (scratch / f"{number}.{kind}" for kind in ("wav", "seg"))
        wav.unlink(missing_ok=True)
        said = spelled(text, voice.tongue)
        lines += [
            f"(Parameter.set 'Duration_Stretch {manner.stretch})",
            # The HTS engine has durations of its own and takes a speed.
            f'(set! hts_engine_params (append own_hts \'(("-r" {1 / manner.stretch:.4f}))))',
            *([_festival_pitch(manner.pitch_hz)] if manner.pitch_hz else []),
            f"(set! u (utt.synth (eval (list 'Utterance 'Text {json.dumps(said, ensure_ascii=False)}))))",
            f'(utt.save.wave u "{wav}" \'riff)',
            f'(utt.save.segs u "{seg}")',
        ]
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    run_program(["festival", "--batch", str(script)])  # what it got done before a failure is kept
    return [
        _spoken(voice, scratch / f"{n}.wav", _segments(scratch / f"{n}.seg"), manner)
        for n, manner in enumerate(manners)
    ]


def _festival_pitch(mean: float) -> str:
    """The regression voices' mean pitch; the model's own 170 +- 34 Hz belong to the speaker it was learned from."""
    return f"(set! int_lr_params '((target_f0_mean {mean}) (target_f0_std 15) (model_f0_mean 170) (model_f0_std 34)))"


def _segments(path: Path) -> list[tuple[str, float]]:
    """(phone, end) of a file with lines `end colour phone` after a line `#`."""
    if not path.exists():
        return []
    fields = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return [(f[2], float(f[0])) for f in fields if len(f) == 3]


def _spoken(voice: Voice, wav: Path, ends: list[tuple[str, float]], manner: Manner) -> Spoken | None:
    """Sound and phones with the manner's silence around them; None where the engine wrote no usable sound."""
    try:
        samples = read_sound(wav).samples
    except SoundError:  # also where there is no file
        return None
    phones = arpabet_line(ends, partial(phones_of, tongue=voice.tongue))
    said = [p.end for p in phones if p.name != SILENCE]
    if not said or said[-1] > len(samples) / SAMPLE_RATE:  # diphone voices stop within the last pause
        return None
    before, after = (round(s * SAMPLE_RATE) for s in (manner.before, manner.after))
    shift = before / SAMPLE_RATE
    moved = tuple(Phone(p.name, p.start + shift, p.end + shift) for p in phones)
    return Spoken(np.pad(samples, (before, after)), moved)
