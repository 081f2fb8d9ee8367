"""How well an encoder hears clips that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from backend.cues.encoder import ARTICULATION, SpeechEncoder
from backend.cues.frontend import encoder_inputs
from backend.speech.visemes import VISEMES
from backend.training.corpus.manifest import Clip

from .hear import example_of

CONTACT: float = 0.5
"""Strength above which a contact counts."""
REACH: int = 2
"""Steps of 20 ms by which a closure may miss its time: 40 ms."""


@dataclass(frozen=True)
class EncoderScore:
    """Over all steps of a set: share of visemes right on all steps and on speech alone, correlation of the opening
    with the rules' one on the aligned phones (mean over clips), and closures within 40 ms.
    """

    visemes: float
    visemes_speech: float
    opening_r: float
    closure_recall: float
    closure_precision: float
    silence_recall: float
    pitch_r: float
    clips: int

    def rounded(self) -> dict[str, float]:
        """To four places."""
        return {name: round(float(value), 4) for name, value in asdict(self).items()}


def score_encoder(encoder: SpeechEncoder, folder: Path, clips: Sequence[Clip]) -> EncoderScore:
    """Score the encoder on clips of a corpus, as they are."""
    right, spoken, openings, pitches = [], [], [], []
    hits = np.zeros(4, dtype=np.int64)  # closures found, closures, contacts matched, contacts
    for clip in clips:
        samples = clip.samples(folder)
        visemes, articulation, prosody = _hear(encoder, samples)
        labels = example_of(clip, samples).labels
        right.append(visemes == labels.visemes)
        spoken.append(labels.visemes != VISEMES.index("sil"))
        openings.append(correlation(articulation[:, 0], labels.articulation[:, 0]))
        pitches.append(correlation(prosody[spoken[-1], 2], labels.prosody[spoken[-1], 2]))
        hits += _closures(articulation[:, ARTICULATION.index("bilabial")], labels.visemes == VISEMES.index("PP"))
    hit, speech = np.concatenate(right), np.concatenate(spoken)
    return EncoderScore(
        visemes=float(hit.mean()),
        visemes_speech=float(hit[speech].mean()),
        opening_r=float(np.nanmean(openings)),
        closure_recall=float(hits[0] / max(hits[1], 1)),
        closure_precision=float(hits[2] / max(hits[3], 1)),
        silence_recall=float(hit[~speech].mean()),
        pitch_r=float(np.nanmean(pitches)),
        clips=len(clips),
    )


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's r, nan where one of them stands still."""
    if len(a) < 2 or a.std() < 1e-9 or b.std() < 1e-9:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def _hear(encoder: SpeechEncoder, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    inputs = torch.from_numpy(encoder_inputs(samples, encoder.mel_mean.numpy()))
    with torch.inference_mode():
        features, _ = encoder(inputs[None], encoder.stack.start(1))
        heard = encoder.read(features)
        contacts = torch.sigmoid(heard.articulation[0, :, 3:])
        articulation = torch.cat([heard.articulation[0, :, :3], contacts], dim=1)
    return heard.visemes[0].argmax(dim=1).numpy(), articulation.numpy(), heard.prosody[0].numpy()


def _closures(contact: np.ndarray, closed: np.ndarray) -> np.ndarray:
    """(4,) closures found within the reach, closures, contact runs that meet one, contact runs."""
    found, true = runs(contact > CONTACT), runs(closed)
    near = [any(a < d + REACH and c < b + REACH for c, d in found) for a, b in true]
    meets = [any(a < d + REACH and c < b + REACH for c, d in true) for a, b in found]
    return np.array([sum(near), len(true), sum(meets), len(found)])


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """First index and one past the last of every run of True."""
    edges = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))
