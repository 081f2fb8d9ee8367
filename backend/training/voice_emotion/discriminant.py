"""Linear discriminant analysis with a shrunken covariance: few clips, many features, one closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from backend.cues.voice_emotion import CLASSES, FURTHEST, VoiceEmotionModel


@dataclass(frozen=True, eq=False)
class Examples:
    """What to learn from: `rows` (N,F), `labels` (N,) indices into `CLASSES`, `weights` (N,) > 0.

    `standard` (N,) bool marks the rows whose mean and spread scale the features.
    """

    rows: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    standard: np.ndarray


def fit(examples: Examples, shrinkage: float) -> VoiceEmotionModel:
    """The discriminant with equal priors, uncalibrated, threshold 0.

    The covariance within classes, each class counting the same, is mixed with its own diagonal: S' = (1 - s) S + s
    diag(S) (Friedman 1989, "Regularized discriminant analysis", towards independent features). Then logits are x.S'^-1
    m - m.S'^-1 m / 2 for each class mean m.
    """
    mean = examples.rows[examples.standard].mean(axis=0)
    scale = examples.rows[examples.standard].std(axis=0) + 1e-6
    rows = np.clip((examples.rows - mean) / scale, -FURTHEST, FURTHEST)
    means, within = np.zeros((len(CLASSES), rows.shape[1])), np.zeros((rows.shape[1], rows.shape[1]))
    for label in range(len(CLASSES)):
        chosen = examples.labels == label
        share = examples.weights[chosen] / examples.weights[chosen].sum()
        means[label] = share @ rows[chosen]
        centred = rows[chosen] - means[label]
        within += (centred * share[:, None]).T @ centred / len(CLASSES)
    within = (1.0 - shrinkage) * within + shrinkage * np.diag(np.diag(within)) + 1e-6 * np.eye(len(within))
    weight = np.linalg.solve(within, means.T)
    apart = means - means[CLASSES.index("neutral")]
    distance = np.einsum("cf,fc->c", apart, np.linalg.solve(within, apart.T))
    return VoiceEmotionModel(
        mean, scale, weight, -0.5 * np.einsum("cf,fc->c", means, weight), np.maximum(distance, 1e-6), 0.0
    )


def calibrated(model: VoiceEmotionModel, temperature: float, threshold: float) -> VoiceEmotionModel:
    """The model with its logits divided by `temperature` and a threshold."""
    return replace(
        model,
        weight=model.weight / temperature,
        bias=model.bias / temperature,
        distance=model.distance / temperature,
        threshold=threshold,
    )


def balanced_weights(labels: Sequence[int] | np.ndarray, extra: np.ndarray, extra_weight: float) -> np.ndarray:
    """(N,) weights: every class counts 1 in all; its rows marked `extra` (N,) bool count `extra_weight` beside it."""
    labels = np.asarray(labels)
    weights = np.zeros(len(labels))
    for label in np.unique(labels):
        for group, total in ((~extra, 1.0), (extra, extra_weight)):
            chosen = (labels == label) & group
            weights[chosen] = total / max(np.count_nonzero(chosen), 1)
    return weights
