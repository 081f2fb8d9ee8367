"""The neural engine: batch throughput, a line alone, a live stream, memory; with the rules beside it in the same run.

    python tests/bench/bench_cues.py [--data ../shared/data]

Prints, never fails: speeds belong to a machine. Everything from decoded sound to finished Performances of 52 channels.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from addon.core.emotion import EmotionTrack
from addon.core.request import PerformRequest
from backend.audio.decode import read_sound
from backend.audio.prosody import analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.cues.clock import LOOK_AHEAD
from backend.cues.library import actor_on
from backend.cues.stream import CueStream
from backend.cues.voice_emotion import hear
from backend.engine import perform_sounds
from backend.rules.layers import Direction

HOP: Final[int] = SAMPLE_RATE // 50
LINES: Final[int] = 256
ROUNDS: Final[int] = 5
OWN_LINE: Final[Path] = Path(__file__).resolve().parents[2] / "backend" / "demo" / "line.wav"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all tables."""
    parser = argparse.ArgumentParser(description="Speed of the neural engine.")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    options = parser.parse_args(arguments)
    sounds = _sounds(options.data / "speech" / "ljspeech_32")
    seconds = sum(sound.duration for sound in sounds)
    _perform(sounds[:2], "neural")
    wall, cpu = _best(lambda: _perform(sounds, "neural"))
    _say(f"batch of {len(sounds)} lines, {seconds:.0f} s: {seconds / wall:.0f} x real time")
    _say(f"  {seconds / cpu:.0f} s of sound in a second of one core")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _say(f"memory of the whole process at its peak: {peak:.0f} MB")
    some = sounds[:4]
    short = sum(sound.duration for sound in some)
    rules, _ = _best(lambda: _perform(some, "rules"), 1)
    _say(f"the rules with phone recognition in front: {short / rules:.0f} x real time")
    five = Sound(np.resize(sounds[0].samples, 5 * SAMPLE_RATE), "5" * 64)
    wall, cpu = _best(lambda: _perform([five], "neural"))
    _say(f"a line of 5 s alone: {1e3 * wall:.1f} ms, {1e3 * cpu:.1f} ms of CPU")
    prosody = analyse_prosody(five)
    _, cpu = _best(lambda: hear(five, prosody))
    _say(f"  its emotion read from the voice: {1e3 * cpu:.1f} ms of CPU")
    _stream(five)
    return 0


def _stream(sound: Sound) -> None:
    """The fastest of some live lines."""
    spent, latest = min((_live(sound) for _ in range(ROUNDS)), key=lambda run: np.mean(run[0]))
    _say(
        f"live, hops of 20 ms: {np.mean(spent):.2f} ms of CPU each (95 % under {np.percentile(spent, 95):.2f}); "
        f"look-ahead {1e3 * LOOK_AHEAD:.1f} ms, oldest frame {1e3 * latest:.0f} ms after its time, hop included"
    )


def _live(sound: Sound) -> tuple[list[float], float]:
    """Milliseconds of CPU of every hop, and seconds by which the oldest frame came after its time."""
    stream = CueStream(actor_on("cpu"), EmotionTrack.constant("happy"), Direction(30.0, 0))
    spent, latest, frames = [], 0.0, 0
    for at in range(0, len(sound.samples), HOP):
        began = time.process_time()
        piece = stream.push(sound.samples[at : at + HOP])
        spent.append(1e3 * (time.process_time() - began))
        if piece is not None:
            latest = max(latest, (at + HOP) / SAMPLE_RATE - frames / 30.0)
            frames += piece.frame_count
    return spent, latest


def _sounds(folder: Path) -> list[Sound]:
    files = sorted(folder.glob("*.flac")) or [OWN_LINE]
    known = [read_sound(file) for file in files]
    return [known[k % len(known)] for k in range(LINES)]


def _perform(sounds: Sequence[Sound], engine: str) -> None:
    track = EmotionTrack.constant("happy")
    requests = [PerformRequest(b"", "line", track, engine=engine) for _ in sounds]
    perform_sounds(sounds, requests, lambda stage, share: None)


def _best(work: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """Seconds of wall clock and of CPU of the fastest round."""
    times = []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(wall for wall, _ in times), min(cpu for _, cpu in times)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
