"""Emotion: where gaze and head go, whether closures survive, and what a judge reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from addon.core.emotion import EMOTIONS
from backend.evaluation.attitude import Attitude, attitude, expectations, met
from backend.evaluation.change import LATER, arrival
from backend.evaluation.contacts import Closures, closures
from backend.evaluation.judging import Judge, accuracy, confusion, installed_judge, rises, verdict
from backend.evaluation.material import Material
from backend.evaluation.report.model import Cell, Figure, Section, Table, Value
from backend.evaluation.report.svg import COLOURS, Curve, cloud, curves
from backend.evaluation.statistics import head_degrees, world_gaze
from backend.evaluation.studio import CHANGE, Studio, Take
from backend.face.landmarks import inner_lip_gap, mouth_width

from .people import fine_take

INTENSITIES: Final[tuple[float, ...]] = (1 / 3, 2 / 3, 1.0)
"""The three levels of the MEAD data set."""
TRACED: Final[tuple[str, ...]] = ("neutral", "happy", "angry", "sad")
POINTS: Final[int] = 350
"""Dots in a cloud of gaze, evenly over the frames."""
CLOUD_DEGREES: Final[float] = 22.0


def emotions(studio: Studio, material: Material) -> Section:
    """The chapter on gaze, head and lips by emotion."""
    items: list[Table | Figure] = []
    for engine in studio.engines:
        found = {emotion: _attitude(studio, engine, material, emotion) for emotion in EMOTIONS}
        items += [_attitude_table(engine, found), _expectation_table(engine, found)]
        items.append(_clouds(studio, engine, material))
    items += [_change_table(studio, material), _lips_table(studio, material)]
    items += [_traces(studio, engine, material) for engine in studio.engines]
    return Section(
        title="Emotion in gaze, head and lips",
        text=[
            "Full intensity, the takes of the chapter before. Degrees; positive pitch is down, positive yaw to the "
            "character's left, positive roll to the right shoulder. Directions are those that literature or, where it "
            "has no numbers, the field's working prior expects; each row says which.",
        ],
        items=items,
    )


def _change_table(studio: Studio, material: Material) -> Table:
    rows: list[list[Value | Cell]] = []
    for engine in studio.engines:
        for number, emotion in enumerate(EMOTIONS):
            if emotion != "neutral":
                takes = [studio.perform(engine, r, Take(then=emotion)) for r in material.emotional]
                found = [arrival(take, number, *CHANGE) for take in takes]
                shares = [[one.through, one.later] for one in found if not np.isnan(one.through)]
                rows.append([engine, emotion, *(np.mean(shares, axis=0).tolist() if shares else (None, None))])
    note = (
        f"Neutral until {CHANGE[0]:g} s, the emotion from {CHANGE[1]:g} s on; how much of the change of its channels "
        f"is done by then, and {LATER:g} s later."
    )
    return Table("When the keys change", ("engine", "to", "done when they are through", "later"), rows, note)


def judged(studio: Studio, material: Material) -> Section:
    """The chapter on what an independent judge reads."""
    judge = installed_judge()
    title = "Emotion as a judge reads it"
    if judge is None:
        return Section(
            title,
            [
                "No judge is installed with this version (backend.evaluation.judge), so nothing is measured here: the "
                "8x8 confusion and the rise with intensity need a classifier that no engine has seen."
            ],
        )
    items: list[Table | Figure] = []
    read, monotonic = {}, {}
    for engine in studio.engines:
        table, by_emotion = _read(judge, studio, engine, material)
        items += [_confusion_table(engine, table), _rise_table(engine, by_emotion)]
        read[engine] = accuracy(table)
        monotonic[engine] = float(np.mean([rises(levels) for levels in by_emotion.values()]))
    text = (
        f"{len(material.emotional)} lines in eight emotions at intensities 1/3, 2/3 and 1, 30 frames per second. The "
        "confusion is that of full intensity. Intensity is monotonic in a clip when the probability of the asked "
        "emotion never falls from one level to the next; neutral has no intensity and is left out."
    )
    goals = {"judged_as_asked": read, "intensity_monotonic": monotonic}
    return Section(title, [text], items, goals)


def _attitude(studio: Studio, engine: str, material: Material, emotion: str) -> Attitude:
    return attitude(
        [
            studio.perform(engine, recording, fine_take(emotion, seed))
            for recording in material.emotional
            for seed in range(material.amount.takes)
        ]
    )


def _attitude_table(engine: str, found: Mapping[str, Attitude]) -> Table:
    names = tuple(Attitude.__dataclass_fields__)
    rows = [[emotion, *(getattr(found[emotion], name) for name in names)] for emotion in EMOTIONS]
    return Table(f"Gaze and head of {engine}", ("emotion", *(n.replace("_", " ") for n in names)), rows)


def _expectation_table(engine: str, found: Mapping[str, Attitude]) -> Table:
    rows, right = [], 0
    for expectation in expectations():
        value, neutral, holds = met(expectation, found)
        right += holds
        wanted = f"{'more' if expectation.more else 'less'} {expectation.statistic.replace('_', ' ')}"
        rows.append([expectation.emotion, wanted, value, neutral, Cell(holds, holds), expectation.source])
    columns = ("emotion", "than neutral", "measured", "neutral", "as expected", "source")
    return Table(f"Directions of {engine}: {right} of {len(rows)} as expected", columns, rows)


def _clouds(studio: Studio, engine: str, material: Material) -> Figure:
    colour = COLOURS[studio.engines.index(engine) % len(COLOURS)]
    drawn = ""
    for emotion in EMOTIONS:
        takes = [studio.perform(engine, r, fine_take(emotion, 0)) for r in material.emotional]
        look = np.concatenate([world_gaze(take) for take in takes])
        look = look[:: max(1, len(look) // POINTS)]
        # Seen from in front: the character's left is on the right of the picture, down is positive pitch.
        drawn += cloud(np.stack([look[:, 1], -look[:, 0]], axis=1), CLOUD_DEGREES, colour, emotion)
    return Figure(
        f"Where {engine} looks",
        drawn,
        f"Gaze in the world within {CLOUD_DEGREES:g} degrees, as the partner sees it, who is in the middle.",
    )


def _traces(studio: Studio, engine: str, material: Material) -> Figure:
    drawn = ""
    for axis, name in enumerate(("pitch", "yaw", "roll")):
        series = []
        for emotion, colour in zip(TRACED, COLOURS, strict=False):
            take = studio.perform(engine, material.own, fine_take(emotion, 0))
            series.append(Curve(emotion, take.times[::4], head_degrees(take)[::4, axis], colour))
        drawn += curves(series, unit=f"{name}, degrees", height=150)
    return Figure(f"Head of {engine} on the demo line", drawn)


def _lips_table(studio: Studio, material: Material) -> Table:
    rows = []
    for engine in studio.engines:
        for emotion in EMOTIONS:
            shut, gaps, widths = Closures(), [], []
            for recording in material.emotional:
                phones = studio.alignment(recording)
                performance = studio.perform(engine, recording, Take(emotion=emotion))
                gap = inner_lip_gap(performance.landmarks)
                gaps.append(gap)
                widths.append(mouth_width(performance.landmarks))
                if phones is not None:
                    shut = shut + closures(gap, performance.fps, phones)
            gap = np.concatenate(gaps)
            wide = float(np.concatenate(widths).mean())
            rows.append(
                [engine, emotion, shut.recall, shut.precision, float(gap.mean()), float(np.percentile(gap, 95)), wide]
            )
    columns = ("engine", "emotion", "closure recall", "precision", "gap mean", "gap p95", "mouth width")
    note = (
        "Full intensity, 30 frames per second, IOD. People at level 3 (two speakers): gap against neutral 1.7 angry, "
        "1.6 happy, 1.4 to 1.6 fear, 0.9 sad; the mouth 0.14 to 0.23 wider when happy."
    )
    return Table("Lips in emotion", columns, rows, note)


def _read(
    judge: Judge, studio: Studio, engine: str, material: Material
) -> tuple[np.ndarray, dict[str, dict[float, list[float]]]]:
    """The confusion at full intensity, and by emotion and intensity the probability of the asked emotion per clip."""
    asked: list[str] = []
    verdicts: list[np.ndarray] = []
    levels: dict[str, dict[float, list[float]]] = {}
    for number, emotion in enumerate(EMOTIONS):
        for intensity in (1.0,) if emotion == "neutral" else INTENSITIES:
            for recording in material.emotional:
                take = Take(emotion=emotion, intensity=intensity)
                probabilities = verdict(judge, studio.perform(engine, recording, take))
                if emotion != "neutral":
                    levels.setdefault(emotion, {}).setdefault(intensity, []).append(float(probabilities[number]))
                if intensity == 1.0:
                    asked.append(emotion)
                    verdicts.append(probabilities)
    return confusion(asked, verdicts), levels


def _confusion_table(engine: str, table: np.ndarray) -> Table:
    rows: list[Sequence[str | Cell | float]] = []
    for number, emotion in enumerate(EMOTIONS):
        clips = max(int(table[number].sum()), 1)
        cells = [Cell(int(count), shade=float(count) / clips) for count in table[number]]
        rows.append([emotion, *cells, float(table[number, number]) / clips])
    title = f"{engine}: {100 * accuracy(table):.0f} % of {table.sum()} clips read as asked"
    return Table(title, ("asked \\ read", *EMOTIONS, "share right"), rows)


def _rise_table(engine: str, by_emotion: Mapping[str, Mapping[float, Sequence[float]]]) -> Table:
    rows = [
        [emotion, *(float(np.mean(levels[i])) for i in INTENSITIES), rises(levels)]
        for emotion, levels in by_emotion.items()
    ]
    columns = ("emotion", "1/3", "2/3", "1", "clips that never fall")
    return Table(f"{engine}: probability of the asked emotion by intensity", columns, rows)
