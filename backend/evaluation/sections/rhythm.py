"""With the sound as a whole: louder lines, beats of the head, jitter, and other languages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from addon.core.performance import Performance
from backend.audio.sound import SAMPLE_RATE
from backend.evaluation.accents import accents_of, brow_answer
from backend.evaluation.articulation import follow_sound
from backend.evaluation.beats import audio_beats, beat_align, motion_beats
from backend.evaluation.coupling import head_and_voice
from backend.evaluation.geometry import LIPS
from backend.evaluation.intensity import intensity_correlation, lip_intensity, speech_intensity
from backend.evaluation.jitter import amplitude_above, mean_jerk
from backend.evaluation.material import Material, Recording
from backend.evaluation.report.model import Section, Table
from backend.evaluation.statistics import head_degrees
from backend.evaluation.studio import REFERENCE, Studio


def rhythm(studio: Studio, material: Material) -> Section:
    """The chapter on sound and motion, without phones."""
    spoken = [*material.clean, *material.accented, material.own]
    return Section(
        title="With the rhythm of the voice",
        text=[
            "Neutral, 30 frames per second. These need no knowledge of the words; the reference is shown because a "
            "figure of its own size is the aim where more is not better (SLCC, jitter of the lips).",
        ],
        items=[_rhythm_table(studio, spoken), _jitter_table(studio, spoken)],
    )


def languages(studio: Studio, material: Material) -> Section:
    """The chapter on speech whose language or words nobody told the engine."""
    rows = []
    for recording in (*material.languages, *material.acted):
        for engine in studio.engines:
            found = follow_sound(studio.perform(engine, recording), recording.prosody)
            speech = f"{recording.language or 'acted'}: {recording.name}"
            rows.append([speech, engine, found.loudness_r, found.open_inside, found.open_outside])
    for engine in studio.engines:
        mine = [row for row in rows if row[1] == engine]
        if mine:
            rows.append(["mean", engine, *(float(np.nanmean([row[k] for row in mine])) for k in (2, 3, 4))])
    note = (
        "r of the inner-lip gap and the loudness envelope (dB, cut 40 below the loudest) on all frames; shares of "
        "frames with a gap over 0.04 IOD where voice activity finds speech and where it finds none."
    )
    table = Table(
        "Opening and closing with the sound",
        ("recording", "engine", "r with loudness", "open in speech", "open outside"),
        rows,
        note,
    )
    text = "Eight languages and emotional clips; no text is used, so these say whether a mouth goes with any voice."
    return Section("Other languages and acted speech", [text], [table] if rows else [])


def _rhythm_table(studio: Studio, spoken: Sequence[Recording]) -> Table:
    rows = []
    for engine in (*studio.engines, REFERENCE):
        performances = [studio.perform(engine, recording) for recording in spoken]
        slcc = intensity_correlation(
            [speech_intensity(_voiced(r)) for r in spoken],
            [lip_intensity(p.landmarks, p.fps) for p in performances],
            [r.speaker for r in spoken],
        )
        pairs = list(zip(spoken, performances, strict=True))
        aligned = [beat_align(audio_beats(r.prosody), motion_beats(p), r.sound.duration) for r, p in pairs]
        coupled = [head_and_voice(p, r.prosody) for r, p in pairs if r.sound.duration > 3.0]
        rows.append(
            [
                engine,
                slcc,
                _clips_that_count(spoken),
                *(_mean([getattr(b, n) for b in aligned]) for n in ("above_chance", "score", "chance")),
                _mean([c.r for c in coupled]),
                _mean([c.chance for c in coupled]),
                _on_accents(studio, pairs),
            ]
        )
    columns = (
        "engine", "SLCC", "its clips", "Beat Align - chance", "score", "chance", "head-voice r", "its chance",
        "brows on accents",
    )  # fmt: skip
    note = (
        f"{len(spoken)} recordings. SLCC: correlation of clip loudness (RMS of the voiced part) and lip speed, per "
        "speaker z-scores, stable from about 30 clips on. Beat Align: loudness peaks against the head's turning "
        "points, sigma 0.1 s, less the mean of 200 random shifts. Head-voice r: first canonical correlation of head "
        "angles with pitch and loudness (people: about 0.7, Busso et al. 2007), clips over 3 s; chance is the same "
        "with the voice shifted round the clip. On accents: by how much brows are higher than before, on recordings "
        "whose text aligns (by chance 0)."
    )
    return Table("Loudness, beats, head and voice", columns, rows, note)


def _on_accents(studio: Studio, pairs: Sequence[tuple[Recording, Performance]]) -> float:
    answers = []
    for recording, performance in pairs:
        phones = studio.alignment(recording)
        if phones is not None:
            answers.append(brow_answer(performance, accents_of(recording.prosody, phones)))
    return _mean(answers)


def _jitter_table(studio: Studio, spoken: Sequence[Recording]) -> Table:
    rows = []
    for engine in (*studio.engines, REFERENCE):
        figures = [_jitter(studio.perform(engine, recording)) for recording in spoken]
        rows.append([engine, *np.mean(figures, axis=0).tolist()])
    columns = ("engine", "lips > 8 Hz", "upper face > 8 Hz", "head > 8 Hz, deg", "lips jerk", "head jerk, deg/s³")
    note = (
        "Root mean square of what moves faster than 8 Hz (IOD for points, degrees for the head), mean over "
        "coordinates; mean |third difference| x fps³ (IOD/s³, deg/s³). Closures are fast: the lips' figures are to "
        "be near the reference's, the head's near 0. Blinks are in the upper face."
    )
    return Table("Jitter", columns, rows, note)


def _jitter(performance: Performance) -> list[float]:
    lips, upper, head = performance.landmarks[:, LIPS], performance.landmarks[:, 17:48], head_degrees(performance)
    fps = performance.fps
    above = [amplitude_above(part, fps) for part in (lips, upper, head)]
    return [*above, mean_jerk(lips, fps), mean_jerk(head, fps)]


def _voiced(recording: Recording) -> np.ndarray:
    """The samples where voice activity finds speech; all where it finds none: pauses say nothing about loudness."""
    at = np.arange(len(recording.sound.samples)) * 50 // SAMPLE_RATE
    spoken = recording.prosody.speech[np.minimum(at, len(recording.prosody.speech) - 1)]
    return recording.sound.samples[spoken] if spoken.any() else recording.sound.samples


def _clips_that_count(spoken: Sequence[Recording]) -> int:
    """Recordings of speakers with at least two: those that SLCC is made of."""
    speakers = [recording.speaker for recording in spoken]
    return sum(speakers.count(speaker) >= 2 for speaker in speakers)


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
