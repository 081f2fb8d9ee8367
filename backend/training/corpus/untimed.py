"""RHVoice and SVOX Pico: a sentence becomes sound, without the times of its phones."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from addon.core.errors import SpeechError
from backend.audio.decode import read_sound

from .programs import run_program
from .voices import Manner, Voice


def read_aloud(voice: Voice, text: str, manner: Manner) -> np.ndarray:
    """Samples (n,) float32 at 16 kHz of a sentence in its manner, without the manner's silence around.

    `text` has nothing that is markup. Raises SpeechError or SoundError where the engine fails.
    """
    with tempfile.TemporaryDirectory() as scratch:
        script, wav = Path(scratch) / "said.txt", Path(scratch) / "said.wav"
        script.write_text(text + "\n", encoding="utf-8")
        rate, pitch = round(100 / manner.stretch), round(100 * manner.pitch_hz / voice.pitch_hz)
        if run_program(_command(voice, text, script, wav, rate, pitch)) is None:
            raise SpeechError("corpus.engine", f"{voice.engine} could not say it.", text)
        return read_sound(wav).samples


def _command(voice: Voice, text: str, script: Path, wav: Path, rate: int, pitch: int) -> list[str]:
    """The command line of the engine; rate and pitch in percent of its own."""
    if voice.engine == "rhvoice":
        how = ["-r", str(rate), "-t", str(pitch)]
        return ["RHVoice-test", "-p", voice.name, *how, "-i", str(script), "-o", str(wav)]
    marked = f'<speed level="{rate}"><pitch level="{pitch}">{text}</pitch></speed>'
    return ["pico2wave", "-l", voice.name, "-w", str(wav), marked]
