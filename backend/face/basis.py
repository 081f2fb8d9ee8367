"""The canonical face and how each of the 52 channels moves it: a linear basis measured from an open rig.

`backend/weights/face_basis.safetensors` is written by `python -m backend.face.measure`; its model card beside it says
from what.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from addon.core.channels import CHANNELS
from addon.core.errors import BackendError
from addon.core.performance import LANDMARKS

BASIS_PATH: Final[Path] = Path(__file__).resolve().parents[1] / "weights" / "face_basis.safetensors"


@dataclass(frozen=True, eq=False)
class FaceBasis:
    """A face at rest and its motion, float32, in inter-ocular distances; axes +X character's left, +Y up, +Z forward.

    neutral       (70,3)     landmarks at rest; the origin is midway between the eye centres, which lie 1 apart
    displacement  (52,70,3)  what each channel at 1 adds, in `addon.core.channels.CHANNELS` order
    eyeballs      (2,3)      centres about which the left and the right eyeball turn
    """

    neutral: np.ndarray
    displacement: np.ndarray
    eyeballs: np.ndarray

    def __post_init__(self) -> None:
        shapes = {
            "neutral": (LANDMARKS, 3),
            "displacement": (len(CHANNELS), LANDMARKS, 3),
            "eyeballs": (2, 3),
        }
        for name, shape in shapes.items():
            array = np.ascontiguousarray(getattr(self, name), dtype=np.float32)
            if array.shape != shape or not np.isfinite(array).all():
                raise BackendError(
                    "face.basis", f"The face basis is damaged ({name}); install the backend again.", str(array.shape)
                )
            array.setflags(write=False)
            object.__setattr__(self, name, array)


@lru_cache(maxsize=1)
def load_basis() -> FaceBasis:
    """The basis that ships with the backend, read once. Raises BackendError when the file is missing or damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(BASIS_PATH, framework="numpy") as file:
            names = tuple((file.metadata() or {}).get("channels", "").split(","))
            if names != CHANNELS:
                raise BackendError(
                    "face.channels", "The face basis names other channels than this version; install the backend again."
                )
            return FaceBasis(**{name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - not a mapping
    except (OSError, SafetensorError, TypeError) as error:
        raise BackendError(
            "face.file", "The face basis cannot be read; install the backend again.", BASIS_PATH.name
        ) from error


def landmarks_from_channels(basis: FaceBasis, channels: np.ndarray) -> np.ndarray:
    """Normalized landmarks (T,70,3) float32 of channel values (T,52): neutral + channels x displacement.

    Linear, so values outside 0..1 extrapolate. The pupils stay at rest: gaze is kept apart from the landmarks.
    """
    values = np.asarray(channels, dtype=np.float32)
    moved = values @ basis.displacement.reshape(len(CHANNELS), -1)
    return moved.reshape(-1, LANDMARKS, 3) + basis.neutral
