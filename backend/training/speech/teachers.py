"""Encoders that teach another one: what they hear, on average, in every clip that it learns from.

Several encoders agree on what each of them alone is unsure of, and a smaller one learns that from them (knowledge
distillation; Hinton et al. 2015, arXiv 1503.02531).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from addon.core.errors import RequestError
from backend.cues.clock import MEL_AHEAD
from backend.cues.encoder import ARTICULATION, ENCODED_PHONES, SpeechEncoder
from backend.cues.frontend import INPUT_WIDTH, Frontend
from backend.cues.library import load_encoder
from backend.speech.visemes import BILABIAL, LABIODENTAL, VISEMES
from backend.training.labels import SpeechLabels


@dataclass(frozen=True, eq=False)
class Taught:
    """What the teachers say of S steps, float16: `phones` (S,40) and `visemes` (S,15) as shares of 1, `articulation`
    (S,5) with the strength of the contacts, 0..1.
    """

    phones: np.ndarray
    visemes: np.ndarray
    articulation: np.ndarray


def encoder_files(folder: Path) -> list[Path]:
    """The weights of every encoder in a folder. Raises RequestError where there are none."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise RequestError(
            "train.teachers",
            f"There are no weights in the folder of teachers {folder.name!r}; make some with "
            "`train speech --out FOLDER/NAME`.",
        )
    return files


def read_teachers(folder: Path) -> tuple[SpeechEncoder, ...]:
    """Every encoder in a folder. Raises RequestError where there are none, BackendError where one is damaged."""
    return tuple(load_encoder(folder, file.stem) for file in encoder_files(folder))


@torch.inference_mode()
def taught_by(teachers: Sequence[SpeechEncoder], mel: np.ndarray) -> Taught:
    """What the teachers say, on average, of a clip's log-mel frames (2 S + 4, 80)."""
    said = [_said(teacher, mel) for teacher in teachers]
    return Taught(*(np.mean(parts, axis=0).astype(np.float16) for parts in zip(*said, strict=True)))


def lips_corrected(taught: Taught, labels: SpeechLabels) -> Taught:
    """What teachers say of a voice whose labels are sure of one thing alone, where the lips meet.

    `taught` and `labels` are of the same S steps. There the labels have the word; elsewhere the teachers, less what
    they say of meeting lips.
    """
    meeting = np.isin(labels.visemes, [VISEMES.index(name) for name in ("PP", "FF")])
    lips = len(ARTICULATION) - 2
    articulation = np.where(meeting[:, None], labels.articulation, taught.articulation)
    return Taught(
        _corrected(taught.phones, labels.phones, meeting, ENCODED_PHONES, BILABIAL | LABIODENTAL),
        _corrected(taught.visemes, labels.visemes, meeting, VISEMES, frozenset({"PP", "FF"})),
        np.concatenate([articulation[:, :lips], labels.articulation[:, lips:]], axis=1).astype(np.float16),
    )


def _corrected(
    shares: np.ndarray, truth: np.ndarray, meeting: np.ndarray, names: Sequence[str], closed: frozenset[str]
) -> np.ndarray:
    """Shares (S,n) of 1: of the truth where lips are `meeting`, elsewhere of what is not `closed`."""
    apart = shares.astype(np.float32) * np.array([name not in closed for name in names], np.float32) + 1e-6
    return np.where(
        meeting[:, None], np.eye(len(names), dtype=np.float32)[truth], apart / apart.sum(axis=1, keepdims=True)
    ).astype(np.float16)


def _said(teacher: SpeechEncoder, mel: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    frames = Frontend(teacher.mel_mean.numpy()).normalized(mel.astype(np.float32))
    inputs = torch.from_numpy(frames[MEL_AHEAD - 1 : len(frames) - 1].reshape(1, -1, INPUT_WIDTH))
    features, _ = teacher(inputs, teacher.stack.start(1))
    heard = teacher.read(features)
    articulation = heard.articulation[0]
    articulation[:, ARTICULATION.index("bilabial") :].sigmoid_()
    return heard.phones[0].softmax(dim=1).numpy(), heard.visemes[0].softmax(dim=1).numpy(), articulation.numpy()
