"""The rules performer on ten real recordings: closures, statistics beside the published ones, repeatability, speed.

    python tests/bench/bench_rules.py [--data ../shared/data]

Prints tables; ends with 1 when a closure is missed more often than 2 % of the time, a channel leaves 0..1, a
statistic leaves its published range, or a second run gives other bytes. Speed is reported, not judged, as ratios in
one run; OpenFaceFX (`pip install openfacefx`) runs beside it on the same phones when it is installed.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from addon.core.emotion import EMOTIONS, EmotionTrack
from addon.core.performance import Performance
from backend.audio.decode import read_sound
from backend.audio.prosody import analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.evaluation.statistics import (
    MUTUAL,
    blinks,
    canonical_correlation,
    head_degrees,
    head_moving,
    published,
    saccades,
    world_gaze,
)
from backend.face.landmarks import CLOSED_LIPS, inner_lip_gap
from backend.rules.layers import Direction, Line, layer_tracks
from backend.rules.performer import perform_line
from backend.speech.phones import Phone
from backend.speech.speech import find_speech
from backend.speech.visemes import BILABIAL

CHOSEN: Final[dict[str, int]] = {"ljspeech_32": 4, "philippmatthes_own_voice": 3, "speechocean762": 3}
"""Corpus and how many of its recordings: the first ones with enough p, b and m."""
LEAST_BILABIALS: Final[int] = 3
MEASURED_FPS: Final[float] = 120.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all tables."""
    parser = argparse.ArgumentParser(description="The rules performer on real recordings.")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    options = parser.parse_args(arguments)
    if not (options.data / "speech").is_dir():
        sys.stdout.write("needs the recordings of ../shared/data/speech; nothing was run\n")
        return 0
    sounds, lines = _read_lines(options.data / "speech")
    good = _closures(lines)
    good &= _statistics(lines)
    good &= _same_bytes(lines)
    _speed(sounds, lines)
    return 0 if good else 1


def _read_lines(folder: Path) -> tuple[list[Sound], list[Line]]:
    sounds, lines = [], []
    for corpus, wanted in CHOSEN.items():
        taken = 0
        with (folder / corpus / "manifest.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if taken == wanted:
                    break
                sound = read_sound(folder / corpus / row["file"])
                prosody = analyse_prosody(sound)
                speech = find_speech(sound, row["text"], prosody)
                bilabials = sum(phone.name in BILABIAL for phone in speech.phones)
                if speech.method == "aligned" and bilabials >= LEAST_BILABIALS:
                    taken += 1
                    sounds.append(sound)
                    lines.append(
                        Line(sound.sha256, sound.duration, speech.phones, prosody, EmotionTrack.constant("neutral"))
                    )
    return sounds, lines


def _closures(lines: Sequence[Line]) -> bool:
    _say(f"\nClosures: p, b, m of {len(lines)} aligned recordings, full intensity, 30 fps")
    _say(f"{'emotion':10s} {'closed':>8s} {'of':>4s} {'share':>6s} {'mean gap':>9s} {'p95 gap':>8s} {'channels':>12s}")
    good = True
    for emotion in EMOTIONS:
        closed, gaps, low, high = [], [], 1.0, 0.0
        for line in lines:
            performance = perform_line(replace(line, emotion=EmotionTrack.constant(emotion)), Direction(30, 0))
            gap = inner_lip_gap(performance.landmarks)
            closed += [gap[_frame(p, performance)] < CLOSED_LIPS for p in line.phones if p.name in BILABIAL]
            gaps.append(gap)
            low, high = min(low, performance.channels.min()), max(high, performance.channels.max())
        spoken = np.concatenate(gaps)
        share = float(np.mean(closed))
        good &= share >= 0.98 and low >= 0.0 and high <= 1.0
        _say(
            f"{emotion:10s} {sum(closed):8d} {len(closed):4d} {share:6.3f} {spoken.mean():9.3f} "
            f"{np.percentile(spoken, 95):8.3f} {low:6.2f}..{high:.2f}"
        )
    return good


def _statistics(lines: Sequence[Line]) -> bool:
    _say("\nStatistics over the recordings and three seeds, against the published ranges (* outside)")
    rows = {emotion: _measure(lines, emotion) for emotion in EMOTIONS}
    _say(f"{'':26s}" + "".join(f"{e:>11s}" for e in EMOTIONS) + f"{'published':>16s}")
    good = True
    for name, entry in published().items():
        low, high = entry["range"]
        cells = ""
        for emotion in EMOTIONS:
            number = rows[emotion][name]
            inside = np.isnan(number) or low <= number <= high
            good &= bool(inside)
            cells += f"{number:10.2f}{' ' if inside else '*'}"
        _say(f"{name:26s}{cells}{low:9g}..{high:g}")
    return good


def _measure(lines: Sequence[Line], emotion: str) -> dict[str, float]:
    """The statistics of one emotion by the names of the published table."""
    track = EmotionTrack.constant(emotion)
    pieces: dict[str, list[np.ndarray]] = {}
    seconds = count = 0.0
    for line in [*(replace(line, emotion=track) for line in lines), _silence(lines[0], track)]:
        for seed in range(3):
            direction = Direction(MEASURED_FPS, seed)
            performance, voice = perform_line(line, direction), layer_tracks(line, direction).emphasis
            spoken = voice.speaking > 0.5
            seen, looks, turned = blinks(performance), saccades(performance), head_degrees(performance)
            if spoken.any():
                seconds, count = seconds + line.duration, count + len(seen.start)
                _add(pieces, "mutual_gaze", (np.hypot(*world_gaze(performance).T) < MUTUAL)[spoken])
                _add(pieces, "head_moving_speaking", head_moving(performance)[spoken])
                _add(pieces, "spread", turned.std(axis=0))
                both = np.stack([voice.pitch, voice.loudness], axis=1)
                _add(pieces, "head_prosody_correlation", np.array([canonical_correlation(turned, both)]))
            else:
                _add(pieces, "head_moving_silent", head_moving(performance))
            _add(pieces, "blink_duration", seen.duration)
            _add(pieces, "blink_opening_ratio", seen.opening / np.maximum(seen.closing, 1e-3))
            _add(pieces, "amplitude", looks.amplitude)
            _add(pieces, "saccade_peak_velocity", looks.peak[looks.amplitude > 10.0])
            _add(pieces, "interval", np.diff(looks.start))
    found = {name: float(np.mean(np.concatenate(values))) for name, values in pieces.items() if name != "spread"}
    spread = np.mean(np.stack(pieces["spread"]), axis=0)
    found |= dict(zip(("head_pitch_sd", "head_yaw_sd", "head_roll_sd"), map(float, spread), strict=True))
    found["blink_rate"] = 60.0 * count / seconds
    found["saccade_under_15"] = float(np.mean(np.concatenate(pieces["amplitude"]) < 15.0))
    found["saccade_interval"] = float(np.percentile(np.concatenate(pieces["interval"]), 1))
    return found


def _silence(line: Line, track: EmotionTrack) -> Line:
    """A minute in which nothing is said."""
    frames = 60 * 50
    prosody = replace(
        line.prosody,
        loudness_db=np.full(frames, -80.0, np.float32),
        f0_hz=np.zeros(frames, np.float32),
        speech=np.zeros(frames, bool),
    )
    return Line(line.sound_sha256, 60.0, (Phone("SIL", 0.0, 60.0),), prosody, track)


def _same_bytes(lines: Sequence[Line]) -> bool:
    first = [perform_line(line, Direction(30, 5)) for line in lines]
    again = [perform_line(line, Direction(30, 5)) for line in lines]
    same = all(
        a.arrays()[name].tobytes() == b.arrays()[name].tobytes()
        for a, b in zip(first, again, strict=True)
        for name in a.arrays()
    )
    _say(f"\nSame bytes twice: {'yes' if same else 'NO'}")
    return same


def _speed(sounds: Sequence[Sound], lines: Sequence[Line]) -> None:
    """Real-time factors on one core: prosody and performing, per line as it comes and as one long line."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    seconds = sum(line.duration for line in lines)
    ours = _best(lambda: [_from_audio(s, p) for s, p in zip(sounds, lines, strict=True)])
    _say(f"\nSpeed on one core, decoded audio and known phones to Performance, 30 fps, {seconds:.0f} s of speech")
    _say(f"  ten lines one by one      {seconds / ours:7.0f} x real time")
    sound, line = _joined(sounds, lines)
    long = _best(lambda: _from_audio(sound, line))
    _say(f"  joined into one of {line.duration:3.0f} s  {line.duration / long:7.0f} x real time")
    prosody = _best(lambda: analyse_prosody(sound))
    _say(f"  of which prosody {100 * prosody / long:.0f} %, rules {100 * (1 - prosody / long):.0f} %")
    _against_openfacefx(line, long)


def _from_audio(sound: Sound, line: Line) -> Performance:
    return perform_line(replace(line, prosody=analyse_prosody(sound)), Direction(30, 0))


def _joined(sounds: Sequence[Sound], lines: Sequence[Line]) -> tuple[Sound, Line]:
    start, phones = 0.0, []
    for line in lines:
        phones += [Phone(p.name, p.start + start, p.end + start) for p in line.phones]
        start += line.duration
    samples = np.concatenate([sound.samples for sound in sounds])
    sound = replace(sounds[0], samples=samples)
    return sound, replace(lines[0], duration=len(samples) / SAMPLE_RATE, phones=tuple(phones))


def _against_openfacefx(line: Line, ours: float) -> None:
    try:
        import openfacefx
    except ImportError:
        _say("  OpenFaceFX is not installed; not compared")
        return
    segments = [openfacefx.PhonemeSegment(p.name if p.name != "SIL" else "sil", p.start, p.end) for p in line.phones]
    for title, gestures in (("mouth only", None), ("with gestures", openfacefx.GestureParams())):
        theirs = _best(lambda g=gestures: openfacefx.generate_from_alignment(segments, fps=30.0, gestures=g))
        _say(f"  OpenFaceFX, {title:13s} {line.duration / theirs:7.0f} x; ours takes {ours / theirs:.2f} of its time")


def _best(job, repeats: int = 5) -> float:  # noqa: ANN001 - any callable
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return min(times)


def _frame(phone: Phone, performance: Performance) -> int:
    return min(round(phone.centre * performance.fps), performance.frame_count - 1)


def _add(pieces: dict[str, list[np.ndarray]], name: str, values: np.ndarray) -> None:
    pieces.setdefault(name, []).append(np.asarray(values, dtype=np.float64))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
