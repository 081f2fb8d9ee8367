"""The space that expression is spoken in: principal components of expression channels."""

from __future__ import annotations

import numpy as np
import torch

from addon.core.channels import CHANNELS

from .model import CueModel
from .spaces import EXPRESSION_COLUMNS, EXPRESSION_SIZE


def expression_channels(model: CueModel, coordinates: np.ndarray) -> np.ndarray:
    """(T,52) channels 0..1 of coordinates (T,14)."""
    channels = np.zeros((len(coordinates), len(CHANNELS)))
    basis, mean = model.expression_basis.cpu().numpy(), model.expression_mean.cpu().numpy()
    channels[:, EXPRESSION_COLUMNS] = coordinates @ basis + mean
    return np.clip(channels, 0.0, 1.0, out=channels)


def expression_coordinates(model: CueModel, channels: np.ndarray) -> np.ndarray:
    """(T,14) coordinates of channels (T,52): least squares, since the rows of the basis are orthogonal."""
    basis = model.expression_basis.cpu().numpy().astype(np.float64)
    centred = channels[:, EXPRESSION_COLUMNS] - model.expression_mean.cpu().numpy()
    return centred @ basis.T / np.maximum((basis**2).sum(axis=1), 1e-9)


def fit_expression_space(model: CueModel, channels: np.ndarray) -> None:
    """Set the model's space to the components of `channels` (N,52); each coordinate has deviation 1 on them.

    The mean is that of a face at rest, so that coordinates of zero are no expression.
    """
    data = channels[:, EXPRESSION_COLUMNS]
    _, strength, rows = np.linalg.svd(data, full_matrices=False)
    scale = np.maximum(strength[:EXPRESSION_SIZE] / np.sqrt(len(data)), 1e-3)
    basis = rows[:EXPRESSION_SIZE] * scale[:, None]
    model.expression_basis.copy_(torch.from_numpy(basis.astype(np.float32)))
    model.expression_mean.zero_()
