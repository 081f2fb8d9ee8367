"""SLCC, the speech-lip intensity correlation: whether louder lines move the lips more.

After the same paper as MTM (arXiv 2503.20308): over clips k, SI_k is the RMS of the waveform and LI_k the root of the
mean over time of the squared mean lip speed; both are z-normalised per identity, and r is Pearson's over all clips.
It is to be read as a gap to the reference's own r, not as higher is better (VOCASET has 0.34, 3D-MEAD 0.42).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .geometry import LIPS
from .signals import pearson


def speech_intensity(samples: np.ndarray) -> float:
    """SI: root mean square of samples (n,) in -1..1, in floating point."""
    return float(np.sqrt(np.mean(np.asarray(samples, dtype=np.float64) ** 2)))


def lip_intensity(landmarks: np.ndarray, fps: float) -> float:
    """LI: sqrt(mean_t (mean_v |v_t - v_{t-1}| fps)^2) over the 20 lip points of (T,70,3), in IOD per second."""
    if len(landmarks) < 2:
        return 0.0
    step = np.linalg.norm(np.diff(landmarks[:, LIPS].astype(np.float64), axis=0), axis=-1).mean(axis=1) * fps
    return float(np.sqrt(np.mean(step**2)))


def intensity_correlation(speech: Sequence[float], lips: Sequence[float], identities: Sequence[str]) -> float:
    """SLCC over K clips; an identity with one clip alone says nothing and is left out. nan when nothing is left."""
    x, y, who = np.array(speech, np.float64), np.array(lips, np.float64), np.asarray(identities)
    kept = np.zeros(len(who), dtype=bool)
    for name in np.unique(who):
        mine = who == name
        if mine.sum() < 2:
            continue
        kept |= mine
        for values in (x, y):
            values[mine] = (values[mine] - values[mine].mean()) / max(float(values[mine].std()), 1e-12)
    return pearson(x[kept], y[kept]) if kept.any() else float("nan")
