"""How fast sound becomes phones and prosody: prints times real time of each stage.

`python tests/bench/bench_audio.py [--sound line.wav --text "what is said"] [--seconds 60] [--repeat 5]`

Without arguments it uses the shipped line, repeated to the wanted length for the stages that take any sound.
Processor time of all threads counts, so a figure is what one core does.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from backend.audio.decode import read_sound
from backend.audio.features import log_mel
from backend.audio.pitch import estimate_f0
from backend.audio.prosody import PROSODY_RATE, analyse_prosody, loudness_db
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.audio.voice import voice_activity
from backend.speech.speech import find_speech

DEMO = Path(__file__).resolve().parents[2] / "backend" / "demo" / "line.wav"
DEMO_TEXT = "Pack up, my friend. Before the bell above the valley calls, we follow the map."


def best(work: Callable[[], object], repeat: int) -> float:
    """Least seconds of processor time of `work`, after one call that warms up."""
    work()
    times: list[float] = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of the sound and speech stages.")
    parser.add_argument("--sound", type=Path, default=DEMO)
    parser.add_argument("--text", default=DEMO_TEXT)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    line = read_sound(options.sound)
    copies = max(1, round(options.seconds / line.duration))
    sound = Sound(np.tile(line.samples, copies), line.sha256)
    prosody = analyse_prosody(sound)
    frames = len(prosody.speech)
    stages: list[tuple[str, float, Callable[[], object]]] = [
        ("decode", line.duration, lambda: read_sound(options.sound)),
        ("loudness", sound.duration, lambda: loudness_db(sound.samples, frames)),
        ("pitch", sound.duration, lambda: estimate_f0(sound.samples, PROSODY_RATE, frames)),
        (
            "voice activity",
            sound.duration,
            lambda: voice_activity(sound.samples, prosody.loudness_db, prosody.f0_hz),
        ),
        ("prosody in all", sound.duration, lambda: analyse_prosody(sound)),
        ("log-mel", sound.duration, lambda: log_mel(sound)),
        ("alignment", line.duration, lambda: find_speech(line, options.text)),
        ("recognition", line.duration, lambda: find_speech(line)),
    ]
    sys.stdout.write(f"{sound.duration:.1f} s at {SAMPLE_RATE} Hz, processor time, best of {options.repeat}\n")
    for label, seconds, work in stages:
        sys.stdout.write(f"{label:16s} {seconds / best(work, options.repeat):10.0f} x real time\n")


if __name__ == "__main__":
    main()
