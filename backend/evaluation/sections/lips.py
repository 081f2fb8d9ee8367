"""Lips against forced alignment: geometry, timing, closures and visemes, by corpus and engine, with opening curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Final

import numpy as np

from addon.core.performance import Performance
from backend.evaluation.articulation import (
    MouthFit,
    VisemeFrames,
    mouth_fit,
    spans_of,
    viseme_frames,
    viseme_opening_correlation,
    visemes_in,
)
from backend.evaluation.contacts import Closures, closures
from backend.evaluation.geometry import Distances, distances
from backend.evaluation.material import Material, Recording
from backend.evaluation.misalignment import COMPARABLE, Misalignment, misalignment
from backend.evaluation.report.model import Cell, Figure, Section, Table
from backend.evaluation.report.svg import COLOURS, REFERENCE_COLOUR, Band, Curve, curves
from backend.evaluation.studio import REFERENCE, Studio
from backend.face.landmarks import inner_lip_gap
from backend.speech.phones import Phone
from backend.speech.visemes import BILABIAL

LONGEST_DRAWN: Final[float] = 8.0
"""Seconds; of a longer recording the curves run into each other."""


@dataclass(frozen=True)
class _Heard:
    """One recording, aligned."""

    recording: Recording
    phones: tuple[Phone, ...]


@dataclass(frozen=True)
class _Measured:
    """What one engine does on one corpus, clip by clip.

    `visemes` and `heard`, the r of the opening of the visemes, are None unless every performance names its visemes: a
    share of the clips would not be the engine's.
    """

    distances: tuple[Distances, ...]
    timing: tuple[Misalignment, ...]
    mouth: tuple[MouthFit, ...]
    closures: Closures
    visemes: VisemeFrames | None
    heard: tuple[float, ...] | None


def lips(studio: Studio, material: Material) -> Section:
    """The chapter."""
    corpora = {name: _aligned(studio, recordings) for name, recordings in material.aligned.items()}
    corpora = {name: heard for name, heard in corpora.items() if heard}
    found = {
        name: {engine: _measure(studio, engine, heard) for engine in (*studio.engines, REFERENCE)}
        for name, heard in corpora.items()
    }
    counts = ", ".join(f"{name} {len(h)} of {len(material.aligned[name])}" for name, h in corpora.items())
    return Section(
        title="Lips beside forced alignment",
        text=[
            "Engines hear the sound alone. The reference is the rules performer on the forced alignment of the known "
            "text of the same sound, neutral, 30 frames per second; it is also measured itself, as a ceiling. "
            f"Recordings that align: {counts}. The rules engine differs from the reference only in the phones that it "
            "recognizes without text; any other engine differs in everything it does otherwise than rules would.",
        ],
        items=[_closure_table(found), _mouth_table(found), _distance_table(found), *_drawings(studio, corpora)],
        measured=_goals(found),
    )


def _aligned(studio: Studio, recordings: Sequence[Recording]) -> list[_Heard]:
    found = []
    for recording in recordings:
        phones = studio.alignment(recording)
        if phones is not None:
            found.append(_Heard(recording, phones))
    return found


def _measure(studio: Studio, engine: str, corpus: Sequence[_Heard]) -> _Measured:
    rows, timing, mouth, shut, said = [], [], [], Closures(), []
    for heard in corpus:
        ours, reference = studio.perform(engine, heard.recording), studio.reference(heard.recording)
        gap = inner_lip_gap(ours.landmarks)
        rows.append(distances(ours, reference))
        timing.append(misalignment(gap, inner_lip_gap(reference.landmarks), ours.fps))
        mouth.append(mouth_fit(ours, reference))
        shut = shut + closures(gap, ours.fps, heard.phones)
        said.append(_visemes(ours, heard))
    named = [one for one in said if one is not None]
    if len(named) < len(said):
        return _Measured(tuple(rows), tuple(timing), tuple(mouth), shut, None, None)
    frames = sum((one for one, _ in named), start=VisemeFrames())
    return _Measured(tuple(rows), tuple(timing), tuple(mouth), shut, frames, tuple(r for _, r in named))


def _visemes(performance: Performance, heard: _Heard) -> tuple[VisemeFrames, float] | None:
    """Frames on which the viseme is right, and r of the opening of the visemes; None where they are not named."""
    said, truth, duration = visemes_in(performance), spans_of(heard.phones), heard.recording.sound.duration
    if said is None:
        return None
    return viseme_frames(said, truth, duration), viseme_opening_correlation(said, truth, duration)


def _closure_table(found: Mapping[str, Mapping[str, _Measured]]) -> Table:
    rows = []
    for corpus, engines in found.items():
        for engine, m in engines.items():
            c, v = m.closures, m.visemes
            rows.append(
                [
                    corpus,
                    engine,
                    c.bilabials,
                    _goal(c.recall, 0.90, corpus),
                    _goal(c.precision, 0.85, corpus),
                    c.strict_precision,
                    c.closures,
                    c.on_labiodental,
                    v.accuracy if v else None,
                    v.speech_accuracy if v else None,
                ]
            )
    columns = (
        "corpus", "engine", "p b m", "recall", "precision", "strict precision", "closures", "on f v",
        "visemes, all frames", "visemes, speech frames",
    )  # fmt: skip
    note = (
        "A closure is a run of frames with an inner-lip gap below 0.02 IOD, within 40 ms of the phone. Precision "
        "leaves closures on f and v out, strict precision counts them as wrong; lips at rest in pauses over 0.2 s "
        "count for neither. Viseme frames compare what the engine says it performed with the alignment on every 10 "
        "ms; a dash where it does not say. Goals are coloured on clean real speech."
    )
    return Table("Closures and visemes", columns, rows, note)


def _mouth_table(found: Mapping[str, Mapping[str, _Measured]]) -> Table:
    rows = []
    for corpus, engines in found.items():
        for engine, m in engines.items():
            if engine == REFERENCE:
                continue
            fit = [t for t in m.timing if t.comparable]
            rate = float(np.mean([t.match_rate for t in m.timing]))
            milliseconds = 1000.0 * float(np.mean([t.seconds for t in fit])) if fit else float("nan")
            shown = milliseconds if rate >= COMPARABLE else "not comparable"
            mean = _mean_fit(m.mouth)
            worst = float(np.nanmin([fit.opening_r for fit in m.mouth]))
            by_ear = None if m.heard is None else _goal(float(np.nanmean(m.heard)), 0.85, corpus)
            clips = f"{len(fit)} of {len(m.timing)}"
            ranges = [mean.width_r, mean.opening_range, mean.width_range]
            rows.append(
                [corpus, engine, _goal(mean.opening_r, 0.85, corpus), worst, by_ear, *ranges, shown, rate, clips]
            )
    columns = (
        "corpus", "engine", "opening r, mean", "worst clip", "opening r of visemes", "width r", "opening range",
        "width range", "MTM, ms", "match rate", "comparable clips",
    )  # fmt: skip
    note = (
        "r is Pearson's, of the inner-lip gap and the reference's at lag 0; of visemes, that of two curves that are "
        "blended from how open the visemes that were heard and the aligned ones are by one table, which is how other "
        "networks that read speech are measured. Ranges are from the 5th to the 95th percentile, as shares of the "
        "reference's: a mouth below 1 mumbles. MTM is the mean temporal misalignment of "
        "the extrema by derivative DTW, over the clips in which at least 60 % of the reference's extrema match; where "
        "the mean match rate is below that, the engines are not comparable by it, because MTM falls again when motion "
        "is unrelated."
    )
    return Table("Opening, width and timing", columns, rows, note)


def _mean_fit(mouth: Sequence[MouthFit]) -> MouthFit:
    """The mean over clips."""
    return MouthFit(*np.nanmean([astuple(fit) for fit in mouth], axis=0).tolist())


def _distance_table(found: Mapping[str, Mapping[str, _Measured]]) -> Table:
    rows = []
    for corpus, engines in found.items():
        for engine, m in engines.items():
            if engine != REFERENCE:
                names = ("lmd", "m_lmd", "f_lmd", "lvd", "lve", "fdd")
                rows.append([corpus, engine, *(float(np.mean([getattr(d, n) for d in m.distances])) for n in names)])
    columns = ("corpus", "engine", "LMD", "M-LMD", "F-LMD", "LVD", "LVE", "FDD")
    note = (
        "LMD: all 70 points with head and eyes put back; M-LMD: lips 48-67; F-LMD: points 0-67 without head pose. "
        "Each: root, per-frame mean removed, mean over points and frames, IOD (1 IOD is about 63 mm). LVD: as F-LMD "
        "on frame differences, IOD/s. LVE: largest lip point error per frame, root, mean over frames, IOD. FDD: "
        "brows and lids 17-26 and 36-47, squared IOD, signed, positive is stiller than the reference. Blinks and "
        "head are drawn at random by engine and reference alike, so LMD and FDD do not tend to 0."
    )
    return Table("Distances from the reference", columns, rows, note)


def _drawings(studio: Studio, corpora: Mapping[str, Sequence[_Heard]]) -> list[Figure]:
    """Of each corpus the recording with most p, b, m among those short enough to be drawn."""
    figures = []
    for name, corpus in corpora.items():
        fit = [heard for heard in corpus if heard.recording.sound.duration <= LONGEST_DRAWN]
        if fit:
            most = max(fit, key=lambda heard: sum(p.name in BILABIAL for p in heard.phones))
            figures.append(_drawing(studio, name, most))
    return figures


def _drawing(studio: Studio, corpus: str, heard: _Heard) -> Figure:
    reference = studio.reference(heard.recording)
    series = [Curve("reference", reference.times, inner_lip_gap(reference.landmarks), REFERENCE_COLOUR, True)]
    for engine, colour in zip(studio.engines, COLOURS, strict=False):
        performance = studio.perform(engine, heard.recording)
        series.append(Curve(engine, performance.times, inner_lip_gap(performance.landmarks), colour))
    bands = [Band(p.start, p.end, p.name) for p in heard.phones if p.name in BILABIAL]
    return Figure(
        f"Opening of the lips: {corpus}, {heard.recording.name}",
        curves(series, bands, unit="gap, IOD", low=0.0),
        f"“{heard.recording.text}” p, b and m of the alignment are marked.",
    )


def _goal(value: float, least: float, corpus: str) -> Cell:
    return Cell(value, value >= least if corpus == "clean" else None)


def _goals(found: Mapping[str, Mapping[str, _Measured]]) -> dict[str, dict[str, float]]:
    goals: dict[str, dict[str, float]] = {}
    for corpus, engines in found.items():
        for engine, m in engines.items():
            if engine == REFERENCE:
                continue
            values = {"closure_recall": m.closures.recall, "closure_precision": m.closures.precision}
            values["opening_r"] = _mean_fit(m.mouth).opening_r
            if m.visemes is not None and m.heard is not None:
                values |= {"visemes": m.visemes.accuracy, "viseme_opening_r": float(np.nanmean(m.heard))}
            for name, value in values.items():
                goals.setdefault(f"{name}, {corpus}", {})[engine] = value
    return goals
