"""What the cue model is corrected by: lips in landmarks, streams by likelihood, and the emotion by the classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from addon.core.channels import indices
from backend.cues.clock import STEPS_PER_CUE
from backend.cues.film import emotion_felt
from backend.cues.generator import NOISE, CueState
from backend.cues.model import CueModel, per_cue
from backend.cues.spaces import EXPRESSION_SIZE, GAZE_UNIT, HEAD_SIZE, LIP_CONTROLS
from backend.face.basis import load_basis
from backend.face.landmarks import GROUPS

from .classifier import CollaborativeClassifier, streams_of
from .data import CueBatch

LANDMARK_UNIT: Final[float] = 0.02
"""IOD by which landmark errors are divided: half of what a still viewer notices on a mouth [chosen]."""
MOUTH_WEIGHT: Final[float] = 5.0
VELOCITY_WEIGHT: Final[float] = 10.0
"""An open speech-to-landmarks network weights all points 1, the mouth 5, frame differences 10 (reference: papers)."""
SIZE_WEIGHT: Final[float] = 100.0
"""Of how widely each control moves in a crop: squared error alone makes the mouth smaller the less sure it is."""
CONTACT_WEIGHT: Final[float] = 3.0
BURN_IN: Final[int] = 12
"""Cue steps at the start of a crop that are not judged: the recurrent unit has heard nothing yet."""
HISTORY_NOISE: Final[float] = 0.08
"""Deviation of what is added to the history in training, in units: generated history is never the teacher's, and
without it long lines drift (EmoFace's ablation)."""
ROLLOUT: Final[int] = 40
"""Cue steps that are generated freely for the classifier."""
EMOTION_WEIGHT: Final[float] = 0.5


def lips_of(model: CueModel, batch: CueBatch, condition: Tensor) -> Tensor:
    """(B,S,17): the lips as the model has them."""
    start = model.lips.stack.start(len(batch.features))
    return model.lips(batch.features, condition, start, batch.told)[0]


def lip_loss(predicted: Tensor, batch: CueBatch, basis: Tensor) -> dict[str, Tensor]:
    """Errors of lips (B,S,17): landmarks, weighted to the mouth and with their motion; controls; contacts.

    A step's lips are those of `LIP_BEHIND`, half a step, before it.
    """
    controls, contacts = predicted[:, 1:].split((len(LIP_CONTROLS), 2), dim=-1)
    lips, touching = halfway(batch.lips), halfway(batch.contacts)
    error = controls - lips
    moved = torch.einsum("bsk,kl->bsl", error, basis) / LANDMARK_UNIT
    speed = torch.diff(moved, dim=1)
    weight = 1.0 + (CONTACT_WEIGHT - 1.0) * touching
    return {
        "landmarks": 0.1 * (moved**2).mean() + 0.1 * VELOCITY_WEIGHT * (speed**2).mean(),
        "controls": 10.0 * (error**2).mean(),
        "size": SIZE_WEIGHT * ((controls.std(dim=1) - lips.std(dim=1)) ** 2).mean(),
        "contacts": 2.0 * nnf.binary_cross_entropy_with_logits(contacts, touching, weight=weight),
    }


def halfway(track: Tensor) -> Tensor:
    """(B,S-1,D): between the steps of a track (B,S,D)."""
    return 0.5 * (track[:, 1:] + track[:, :-1])


def lip_basis() -> Tensor:
    """(15, 210) landmark motion of each lip control in IOD, mouth points scaled by the root of their weight."""
    displacement = load_basis().displacement
    rows = np.stack([displacement[indices(name)].sum(axis=0) for name in LIP_CONTROLS])
    mouth = [*GROUPS["lips_outer"], *GROUPS["lips_inner"]]
    rows[:, mouth] *= np.sqrt(1.0 + MOUTH_WEIGHT)
    return torch.from_numpy(rows.reshape(len(LIP_CONTROLS), -1).astype(np.float32))


def stream_loss(model: CueModel, batch: CueBatch, condition: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """Negative log-likelihoods of the teacher's next steps given its history, and the hidden states (B,M,H)."""
    generator = model.generator
    heard, scale, shift, out = generator.listen(per_cue(batch.features), per_cue(condition))
    hidden, _ = generator.unit(generator.enter(heard, scale, shift, generator.history(_noisy(batch))))
    outlook = generator.outlook(hidden, out)
    judged = slice(BURN_IN, None)
    expression = outlook.expression.log_likelihood(batch.expression_drive)[:, judged]
    head = outlook.head.log_likelihood(batch.head_drive)[:, judged]
    gaze = nnf.cross_entropy(outlook.gaze[:, judged].flatten(0, 1), batch.gaze[:, judged].flatten())
    blink = nnf.binary_cross_entropy_with_logits(outlook.blink[:, judged], batch.blink[:, judged])
    return {
        "expression": -expression.mean() / EXPRESSION_SIZE,
        "head": -head.mean() / HEAD_SIZE,
        "gaze": 3.0 * gaze,
        "blink": 3.0 * blink,
    }, hidden


def emotion_loss(
    model: CueModel,
    classifier: CollaborativeClassifier,
    batch: CueBatch,
    condition: Tensor,
    lips: Tensor,
    hidden: Tensor,
    rng: np.random.Generator,
) -> Tensor:
    """How far the classifier is from reading the asked emotion off freely generated streams (cross-entropy)."""
    steps = batch.gaze.shape[1]
    start = int(rng.integers(BURN_IN, steps - ROLLOUT))
    state = _state_at(batch, hidden, start)
    generator = model.generator
    span = slice(STEPS_PER_CUE * start, STEPS_PER_CUE * (start + ROLLOUT))
    heard = generator.listen(per_cue(batch.features[:, span]), per_cue(condition[:, span]))
    expression, head, look = [], [], []
    for step in range(ROLLOUT):
        noise = {name: torch.randn(len(hidden), size, device=hidden.device) for name, size in NOISE.items()}
        audio, scale, shift, out = (part[:, step] for part in heard)
        before = state.look
        state, _, outlook = generator.step(state, (audio, scale, shift, out), noise)
        expression.append(state.expression)
        head.append(state.head)
        look.append(_soft_look(model, outlook.gaze, before, state.look))
    mouth = per_cue(lips[:, span])[..., : len(LIP_CONTROLS)]
    streams = streams_of(torch.stack(expression, 1), torch.stack(head, 1), torch.stack(look, 1), mouth)
    return EMOTION_WEIGHT * soft_cross_entropy(classifier(streams), batch.emotion[:, span])


def classifier_loss(classifier: CollaborativeClassifier, batch: CueBatch, rng: np.random.Generator) -> Tensor:
    """The classifier's own loss, on the teacher's streams."""
    start = int(rng.integers(0, batch.gaze.shape[1] - ROLLOUT))
    cue, fine = slice(start, start + ROLLOUT), slice(STEPS_PER_CUE * start, STEPS_PER_CUE * (start + ROLLOUT))
    streams = streams_of(
        batch.expression[:, cue, 0], batch.head[:, cue, 0], batch.look[:, cue], per_cue(batch.lips[:, fine])
    )
    streams = streams + 0.05 * torch.randn_like(streams)
    return soft_cross_entropy(classifier(streams), batch.emotion[:, fine])


def soft_cross_entropy(logits: Tensor, emotion: Tensor) -> Tensor:
    """Of logits (B,8) against the mean of what is felt over emotion (B,S,9)."""
    return -(emotion_felt(emotion).mean(dim=1) * torch.log_softmax(logits, dim=-1)).sum(dim=-1).mean()


def _noisy(batch: CueBatch) -> CueState:
    """The teacher's states (B,M,...) before each step, as a history that is never quite its own."""

    def shaken(track: Tensor, size: float = 1.0) -> Tensor:
        return track + HISTORY_NOISE * size * torch.randn_like(track)

    return CueState(
        expression=shaken(batch.expression[:, :, 0]),
        expression_velocity=shaken(batch.expression[:, :, 1], 4.0),
        head=shaken(batch.head[:, :, 0]),
        head_velocity=shaken(batch.head[:, :, 1], 4.0),
        look=shaken(batch.look_before, GAZE_UNIT),
        look_age=batch.ages[..., :1],
        blink_age=batch.ages[..., 1:],
        hidden=batch.ages,
    )


def _state_at(batch: CueBatch, hidden: Tensor, step: int) -> CueState:
    """The teacher's state before a step, with the hidden state that following it has come to."""
    return CueState(
        batch.expression[:, step, 0],
        batch.expression[:, step, 1],
        batch.head[:, step, 0],
        batch.head[:, step, 1],
        batch.look_before[:, step],
        batch.ages[:, step, :1],
        batch.ages[:, step, 1:],
        hidden[:, step - 1].detach(),
    )


def _soft_look(model: CueModel, logits: Tensor, before: Tensor, drawn: Tensor) -> Tensor:
    """The look that was drawn, with the gradient of the expected one (straight-through)."""
    share = torch.softmax(logits, dim=-1)
    expected = share[:, -1:] * before + share[:, :-1] @ model.generator.cell_mean
    return drawn.detach() + expected - expected.detach()


def character_code(model: CueModel, batch: CueBatch) -> Tensor:
    """(B,16): from the examples where they are given, zero elsewhere."""
    return model.character(batch.examples) * batch.known[:, None]


def total(*parts: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All losses in one mapping."""
    return {name: value for part in parts for name, value in part.items()}


def freeze(module: nn.Module) -> None:
    """No gradient reaches the module's parameters any more."""
    for parameter in module.parameters():
        parameter.requires_grad_(False)
