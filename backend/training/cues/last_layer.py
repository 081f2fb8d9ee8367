"""The last layer of the lips, solved.

What corrects the lips while they learn, their motion and their size beside their place, makes good features of the
sound and a mouth that answers to them late and with the wrong things. The last layer is linear in those features, so
the best one is computed: the controls by least squares, the contacts by logistic regression.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Final

import numpy as np
import torch

from addon.core.channels import indices
from backend.cues.model import CueModel
from backend.cues.spaces import CONTACTS, LIP_CONTROLS
from backend.face.basis import load_basis
from backend.face.landmarks import GROUPS
from backend.rules.calibration import face_gauge

from .data import CueBatch
from .losses import CONTACT_WEIGHT, character_code, halfway

log = logging.getLogger(__name__)

BATCHES: Final[int] = 60
"""Of 16 crops of 6.4 s: 100 minutes of speech for 97 numbers an output."""
PENALTY: Final[float] = 1e-4
"""Of squared weights beside squared errors of controls (ridge): only where features repeat each other."""
MOTION: Final[float] = 4.0
"""Weight of how a control changes from step to step beside where it is. Without it r of the opening is higher by 0.01
and the mouth flickers more: the mean third difference of its gap, before closures, by almost half."""
STILLNESS: Final[float] = 0.05
"""Of squared change of a control beside squared motion of landmarks in IOD, where a gap is met by controls [chosen]."""
NEWTON_STEPS: Final[int] = 6


def solve_last_layer(model: CueModel, source: Iterator[CueBatch]) -> None:
    """Set the last layer of the lips to what `BATCHES` of `source` say; all else stays as it is."""
    width = model.lips.leave.in_features + 1
    squares, products = np.zeros((width, width)), np.zeros((width, len(LIP_CONTROLS)))
    features, touching, count = [], [], 0
    for _ in range(BATCHES):
        heard, controls, contacts = _heard(model, next(source))
        meant = controls_with_gap(controls, sealed_gap(controls, contacts))
        for weight, read, goal in ((1.0, heard, meant), (MOTION, np.diff(heard, axis=1), np.diff(meant, axis=1))):
            squares += weight * np.einsum("bsi,bsj->ij", read, read, optimize=True)
            products += weight * np.einsum("bsi,bsk->ik", read, goal, optimize=True)
        features.append(heard.reshape(-1, width))
        touching.append(contacts.reshape(-1, len(CONTACTS)))
        count += len(features[-1])
    moved = np.linalg.solve(squares + PENALTY * count * np.eye(width), products).T
    rows, touched = np.concatenate(features), np.concatenate(touching)
    met = np.stack([_logistic(rows, touched[:, k]) for k in range(len(CONTACTS))])
    layer = torch.from_numpy(np.concatenate([moved, met]))
    with torch.no_grad():
        model.lips.leave.weight.copy_(layer[:, :-1])
        model.lips.leave.bias.copy_(layer[:, -1])
    log.info("the last layer of the lips is solved from %d steps", count)


def sealed_gap(controls: np.ndarray, contacts: np.ndarray) -> np.ndarray:
    """(...) IOD: the inner-lip gap that closures leave of the one that lip controls (...,15) make."""
    gauge = face_gauge()
    return np.maximum(controls @ _of_controls(gauge.gap) + gauge.rest_gap, 0.0) * (1.0 - contacts[..., 0])


def controls_with_gap(controls: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """(...,15) lip controls changed to open to `gap` (...) IOD, with as little motion of the mouth as that takes.

    The least c' with opening.c' = missing under the squared motion M of the landmarks: M^-1 opening, to scale.
    """
    opening = _of_controls(face_gauge().gap)
    displacement = load_basis().displacement
    mouth = [*GROUPS["lips_outer"], *GROUPS["lips_inner"]]
    motion = np.stack([displacement[indices(name)].sum(axis=0)[mouth].ravel() for name in LIP_CONTROLS])
    stillness = STILLNESS * np.trace(motion @ motion.T) / len(motion)
    cheapest = np.linalg.solve(motion @ motion.T + stillness * np.eye(len(motion)), opening)
    missing = gap - (controls @ opening + face_gauge().rest_gap)
    return controls + missing[..., None] * cheapest / (opening @ cheapest)


def _of_controls(axis: np.ndarray) -> np.ndarray:
    """(15,) of lip controls what `axis` (52,) is of channels."""
    return np.array([axis[indices(name)].sum() for name in LIP_CONTROLS])


@torch.no_grad()
def _heard(model: CueModel, batch: CueBatch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of B crops of S steps what the last layer reads (B,S,W+1), 1 last, and the controls and contacts to meet.

    The lips of a step are those of half a step before it, as in training.
    """
    batch = batch.to(next(model.parameters()).device)
    condition = model.condition(batch.emotion, character_code(model, batch))
    start = model.lips.stack.start(len(batch.features))
    heard, _ = model.lips.listen(batch.features, condition, start, batch.told)
    read, controls, contacts = (
        tensor.cpu().numpy().astype(np.float64)
        for tensor in (heard[:, 1:], halfway(batch.lips), halfway(batch.contacts))
    )
    return np.concatenate([read, np.ones((*read.shape[:2], 1))], axis=2), controls, contacts


def _logistic(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(W+1,) weights of the logit that meets `target` (N,) 0..1, contacts weighed as in training (Newton's method)."""
    weight = 1.0 + (CONTACT_WEIGHT - 1.0) * target
    found = np.zeros(features.shape[1])
    for _ in range(NEWTON_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(features @ found, -30.0, 30.0)))
        slope = features.T @ (weight * (target - chance)) / len(target) - PENALTY * found
        bend = (features * (weight * chance * (1.0 - chance))[:, None]).T @ features / len(target)
        found = found + np.linalg.solve(bend + PENALTY * np.eye(len(bend)), slope)
    return found
