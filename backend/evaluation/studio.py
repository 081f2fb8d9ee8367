"""Lets engines perform recordings, each take once, by the one path that artists' lines go too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from addon.core.emotion import EmotionTrack
from addon.core.errors import RequestError
from addon.core.performance import Performance
from addon.core.request import PerformRequest
from backend.engine import ENGINES, perform_sounds
from backend.speech.phones import Phone

from .material import Recording
from .signals import phones_of_meta

REFERENCE: Final[str] = "rules, given the text"
"""The reference performance: the rules performer on the forced alignment of the known text, of the same sound."""

CHANGE: Final[tuple[float, float]] = (1.5, 1.8)
"""Seconds from and to which a take that changes its emotion does so."""


@dataclass(frozen=True)
class Take:
    """How a recording is performed; the defaults are those of the lip metrics.

    Where `then` names an emotion, the first one changes to it within `CHANGE`.
    """

    emotion: str = "neutral"
    intensity: float = 1.0
    seed: int = 0
    fps: float = 30.0
    then: str = ""

    @property
    def track(self) -> EmotionTrack:
        """The emotion over time."""
        if not self.then:
            return EmotionTrack.constant(self.emotion, self.intensity)
        begins, ends = CHANGE
        keys = [(begins, self.emotion, self.intensity), (ends, self.then, self.intensity)]
        return EmotionTrack.from_keys(keys)


class Studio:
    """Performs takes and keeps them, so that several sections can measure the same one."""

    def __init__(self, engines: tuple[str, ...]) -> None:
        if not engines:
            raise RequestError("evaluate.engines", f"Name at least one engine; there are {', '.join(ENGINES)}.")
        for engine in engines:
            if engine not in ENGINES:
                raise RequestError(
                    "evaluate.engine",
                    f"This backend has no engine called {engine!r}; it has {', '.join(ENGINES)}.",
                )
        self.engines = engines
        self._kept: dict[tuple[str, str, Take], Performance] = {}

    def perform(self, engine: str, recording: Recording, take: Take = Take()) -> Performance:
        """What an engine makes of the sound alone, or the `REFERENCE` of sound and text."""
        key = (engine, recording.sound.sha256, take)
        if key not in self._kept:
            self._kept[key] = perform_once(engine, recording, take)
        return self._kept[key]

    def reference(self, recording: Recording, take: Take = Take()) -> Performance:
        """The reference performance of a recording whose text is known."""
        return self.perform(REFERENCE, recording, take)

    def alignment(self, recording: Recording) -> tuple[Phone, ...] | None:
        """Phones of the known text with their times; None where there is no text or it does not fit the sound."""
        if recording.text is None:
            return None
        reference = self.reference(recording)
        return phones_of_meta(reference) if reference.meta["speech"] == "aligned" else None

    def forget(self) -> None:
        """Give back the memory of all takes."""
        self._kept.clear()


def perform_once(engine: str, recording: Recording, take: Take) -> Performance:
    """Perform without keeping: from decoded sound to Performance, as the server does."""
    return perform_together(engine, [recording], take)[0]


def perform_together(engine: str, recordings: Sequence[Recording], take: Take) -> list[Performance]:
    """Perform a batch of recordings without keeping them."""
    requests = [_request(engine, recording, take) for recording in recordings]
    return perform_sounds([recording.sound for recording in recordings], requests, _tell_nobody)


def _request(engine: str, recording: Recording, take: Take) -> PerformRequest:
    given = engine == REFERENCE
    return PerformRequest(
        sound=b"",
        sound_name=recording.name,
        emotion=take.track,
        text=recording.text if given else None,
        engine="rules" if given else engine,
        seed=take.seed,
        fps=take.fps,
    )


def _tell_nobody(stage: str, fraction: float) -> None:
    """The studio reports by section, not by line."""
