"""Tools that several metrics share: frames that two performances have in common, phones on frames, correlation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from addon.core.performance import Performance
from backend.speech.phones import SILENCE, Phone


def common_frames(first: Performance, second: Performance) -> int:
    """Number of frames that both have. Raises ValueError when their frame rates differ: they would not line up."""
    if first.fps != second.fps:
        raise ValueError(f"performances at {first.fps:g} and {second.fps:g} frames per second cannot be compared")
    return min(first.frame_count, second.frame_count)


def pearson(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson correlation of two signals (T,); nan when one of them does not vary."""
    a, b = first - np.mean(first), second - np.mean(second)
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b / size) if size > 1e-12 else float("nan")


def phones_of_meta(performance: Performance) -> tuple[Phone, ...]:
    """The phones that a performance says it performed; empty where its engine does not say."""
    return tuple(Phone(str(n), float(s), float(e)) for n, s, e in performance.meta.get("phones", ()))


def labels_at(spans: Sequence[tuple[str, float, float]], times: np.ndarray, rest: str) -> np.ndarray:
    """(T,) names of the spans (name, start, end), in order of time, that hold each of `times`; `rest` outside them."""
    if not spans:
        return np.full(len(times), rest, dtype=object)
    names = np.array([name for name, _, _ in spans], dtype=object)
    starts, ends = np.array([start for _, start, _ in spans]), np.array([end for _, _, end in spans])
    at = np.clip(np.searchsorted(starts, times, side="right") - 1, 0, len(spans) - 1)
    inside = (times >= starts[at]) & (times < ends[at])
    return np.where(inside, names[at], rest)


def pauses(phones: Sequence[Phone], longer_than: float) -> list[tuple[float, float]]:
    """(start, end) seconds of the silences longer than `longer_than` seconds."""
    return [(p.start, p.end) for p in phones if p.name == SILENCE and p.duration > longer_than]


def speaking_frames(phones: Sequence[Phone], times: np.ndarray, shortest_pause: float = 0.2) -> np.ndarray:
    """(T,) bool: times that lie within the phones and in no pause longer than `shortest_pause` seconds."""
    if not phones:
        return np.zeros(len(times), dtype=bool)
    speaking = (times >= phones[0].start) & (times < phones[-1].end)
    for start, end in pauses(phones, shortest_pause):
        speaking &= (times < start) | (times >= end)
    return speaking


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of every run of True in (T,) bool."""
    edges = np.diff(np.concatenate([[0], np.asarray(flags, dtype=np.int8), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True))
