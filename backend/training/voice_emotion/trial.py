"""How well the emotion is read from voices that were never heard: leave one speaker out, always by speaker."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from addon.core.emotion import EMOTIONS, NEUTRAL
from backend.cues.voice_emotion import BORED, CLASSES, VoiceEmotionModel, probabilities

from .discriminant import Examples, balanced_weights, fit
from .material import ACTED, READERS, Material

TEMPERATURES: Final[np.ndarray] = np.exp(np.linspace(np.log(0.5), np.log(20.0), 60))
THRESHOLDS: Final[np.ndarray] = np.round(np.arange(0.3, 0.905, 0.01), 2)
WANTED_PRECISION: Final[float] = 0.85
"""Of all clips that get an emotion other than neutral, so many shall have been acted so: a wrong feeling on a face is
worse than none."""


@dataclass(frozen=True)
class LearningConfig:
    """`shrinkage` 0..1 of the covariance; `reader_weight`: what all readers count beside the neutral actors (1)."""

    shrinkage: float = 0.03
    reader_weight: float = 0.3


def learn(material: Material, chosen: np.ndarray, config: LearningConfig) -> VoiceEmotionModel:
    """The discriminant of the chosen rows (N,) bool."""
    labels, acted = material.labels[chosen], material.acted[chosen]
    weights = balanced_weights(labels, ~acted, config.reader_weight)
    return fit(Examples(material.rows[chosen], labels, weights, acted), config.shrinkage)


def folds(material: Material) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(rows to learn from, rows to test on): one actor out at a time, and with each a tenth of the readers."""
    speakers = material.of_rows("speaker")
    acted = material.acted
    actors = sorted(set(speakers[acted]))
    tenth = {name: _tenth(name, len(actors)) for name in set(speakers[~acted])}
    fold = np.array([actors.index(name) if name in actors else tenth[name] for name in speakers])
    for number in range(len(actors)):
        yield fold != number, fold == number


def held_out_logits(material: Material, config: LearningConfig) -> np.ndarray:
    """(N,7) uncalibrated logits of every row by a model that never heard its speaker."""
    logits = np.zeros((len(material.rows), len(CLASSES)))
    for learned, tested in folds(material):
        logits[tested] = learn(material, learned, config).logits(material.rows[tested])
    return logits


def best_temperature(material: Material, logits: np.ndarray) -> float:
    """The temperature that makes held-out logits of actors, originals and copies, the best probabilities."""
    acted, labels = material.acted, material.labels
    scores = logits[acted]
    right = labels[acted]

    def loss(temperature: float) -> float:
        z = scores / temperature
        z = z - z.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(right)), right]))

    return float(min(TEMPERATURES, key=loss))


def best_threshold(material: Material, logits: np.ndarray) -> float:
    """The lowest threshold at which what is said is right as often as `WANTED_PRECISION`, on calibrated logits.

    Counted on the originals of the actors; bored ones are neutral. The highest threshold where none is good enough.
    """
    chosen = material.acted & (material.copy == 0)
    weights, truth = probabilities(logits[chosen]), _truth(material)[chosen]
    for threshold in THRESHOLDS:
        said = decisions(weights, threshold)
        felt = said != NEUTRAL
        if felt.any() and np.mean(said[felt] == truth[felt]) >= WANTED_PRECISION:
            return float(threshold)
    return float(THRESHOLDS[-1])


def decisions(weights: np.ndarray, threshold: float) -> np.ndarray:
    """(N,) indices into `EMOTIONS` of probabilities (N,8): neutral where the best is less probable than `threshold`."""
    best = weights.argmax(axis=1)
    return np.where(weights.max(axis=1) < threshold, NEUTRAL, best)


def confusion(truth: np.ndarray, said: np.ndarray) -> np.ndarray:
    """(8,8) counts, rows what was acted, columns what was said."""
    table = np.zeros((len(EMOTIONS), len(EMOTIONS)), dtype=np.int64)
    np.add.at(table, (truth, said), 1)
    return table


def scores(table: np.ndarray) -> dict[str, Any]:
    """Accuracy, unweighted average recall and recall by emotion of a confusion table, emotions that occur only."""
    there = table.sum(axis=1) > 0
    recall = table.diagonal()[there] / table.sum(axis=1)[there]
    names = [name for name, has in zip(EMOTIONS, there, strict=True) if has]
    return {
        "clips": int(table.sum()),
        "accuracy": round(float(table.trace() / table.sum()), 4),
        "unweighted_average_recall": round(float(recall.mean()), 4),
        "recall": {name: round(float(value), 4) for name, value in zip(names, recall, strict=True)},
    }


def measure(material: Material, logits: np.ndarray, threshold: float) -> dict[str, Any]:
    """Everything that the card tells of held-out speakers, from calibrated logits."""
    weights, truth = probabilities(logits), _truth(material)
    plain = material.copy == 0
    emotions = np.array([clip.emotion for clip in material.clips])[material.clip]
    actors, bored = material.acted & plain & (emotions != BORED), material.acted & plain & (emotions == BORED)
    forced, said = weights.argmax(axis=1), decisions(weights, threshold)
    felt = said != NEUTRAL
    heard = material.acted & plain & felt
    spoken = actors & (truth != NEUTRAL)
    readers = {
        corpus: round(float(np.mean(said[plain & (material.of_rows("corpus") == corpus)] == NEUTRAL)), 4)
        for corpus in READERS
    }
    copies = material.acted & ~plain & (emotions != BORED)
    return {
        "emotions": list(EMOTIONS),
        "most_probable": {
            **scores(confusion(truth[actors], forced[actors])),
            "confusion": confusion(truth[actors], forced[actors]).tolist(),
        },
        "most_probable_augmented": scores(confusion(truth[copies], forced[copies])) if copies.any() else None,
        "as_shipped": {
            **scores(confusion(truth[actors], said[actors])),
            "confusion": confusion(truth[actors], said[actors]).tolist(),
            "precision_when_an_emotion_is_said": round(float(np.mean(said[heard] == truth[heard])), 4),
            "share_of_emotional_clips_that_get_an_emotion": round(float(np.mean(felt[spoken])), 4),
        },
        "bored_said_neutral": round(float(np.mean(said[bored] == NEUTRAL)), 4),
        "reading_said_neutral": readers,
    }


def unheard_corpora(
    material: Material, config: LearningConfig, temperature: float, threshold: float
) -> dict[str, float]:
    """Share of each corpus of reading that is said to be neutral by a model that learned from the other corpora."""
    corpora = material.of_rows("corpus")
    result: dict[str, float] = {}
    for corpus in READERS:
        tested = (corpora == corpus) & (material.copy == 0)
        model = learn(material, corpora != corpus, config)
        said = decisions(probabilities(model.logits(material.rows[tested]) / temperature), threshold)
        result[corpus] = round(float(np.mean(said == NEUTRAL)), 4)
    return result


def actors_of(material: Material) -> list[str]:
    """Names of the actors."""
    return sorted({clip.speaker for clip in material.clips if clip.corpus == ACTED})


def _truth(material: Material) -> np.ndarray:
    """(N,) index into `EMOTIONS` of what each row was acted as; bored is neutral."""
    of_class = [NEUTRAL if name == BORED else EMOTIONS.index(name) for name in CLASSES]
    return np.array(of_class)[material.labels]


def _tenth(name: str, count: int) -> int:
    return hashlib.sha256(name.encode()).digest()[0] % count
