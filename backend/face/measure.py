"""Measure the canonical face from an open rig: `python -m backend.face.measure --rigs FOLDER [--out FOLDER]`.

Writes `face_basis.safetensors` and its model card `face_basis.json`. The same rigs give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
from pathlib import Path
from typing import Any, Final

import numpy as np

from addon.core.channels import CHANNEL_INDEX, CHANNELS

from . import crosscheck, ict
from . import landmarks as lm
from .basis import BASIS_PATH, FaceBasis, landmarks_from_channels
from .ict import RigFace, read_face
from .normalize import fit_head

log = logging.getLogger(__name__)

DECIMALS: Final[int] = 6
"""Coordinates are rounded to this many decimals of an IOD, so that rounding inside a maths library cannot show."""

SEALED_AGAINST: Final[tuple[tuple[str, ...], ...]] = (
    ("mouthSmileLeft", "mouthSmileRight"),
    ("mouthUpperUpLeft", "mouthUpperUpRight"),
    ("mouthLowerDownLeft", "mouthLowerDownRight"),
    ("mouthFunnel",),
    ("mouthShrugUpper",),
    ("noseSneerLeft", "noseSneerRight"),
    ("jawOpen",),
)
"""Channels at 1 that part the lips, and against which the sealing mouthClose is measured."""


def canonical(face: RigFace) -> FaceBasis:
    """The rig's face in canonical units: origin midway between the eye centres, IOD 1, exactly mirror-symmetric.

    The rig is symmetric to 0.01 % of its IOD at rest; the mean of the face and its mirror image removes that noise,
    so that a left channel and its right counterpart do the same.
    """
    left, right = lm.eye_centres(face.neutral)
    scale = np.linalg.norm(left - right)
    neutral, eyeballs = (face.neutral - (left + right) / 2) / scale, (face.eyeballs - (left + right) / 2) / scale
    moved = face.displacement / scale
    flip = np.array([-1.0, 1.0, 1.0])
    partners = [CHANNEL_INDEX[mirrored(name)] for name in CHANNELS]
    return FaceBasis(
        neutral=_rounded(neutral, neutral[list(lm.MIRROR)] * flip),
        displacement=_rounded(moved, moved[partners][:, list(lm.MIRROR)] * flip),
        eyeballs=_rounded(eyeballs, eyeballs[::-1] * flip),
    )


def mirrored(channel: str) -> str:
    """The channel that does the same on the other side: Left and Right change places, all else keeps its name."""
    if channel.endswith("Left"):
        return channel.removesuffix("Left") + "Right"
    return channel.removesuffix("Right") + "Left" if channel.endswith("Right") else channel


def _rounded(array: np.ndarray, image: np.ndarray) -> np.ndarray:
    return np.round((array + image) / 2, DECIMALS).astype(np.float32)


def metrics(basis: FaceBasis) -> dict[str, Any]:
    """What the basis does to lips and lids, in IOD: the figures of the model card."""
    rest = basis.neutral[None]
    gap, width = float(lm.inner_lip_gap(rest)[0]), float(lm.mouth_width(rest)[0])
    single = landmarks_from_channels(basis, np.eye(len(CHANNELS), dtype=np.float32))
    rigid = np.linalg.norm(basis.displacement[:, list(lm.RIGID)], axis=-1).max(axis=1)
    fitted, _ = fit_head(single.astype(np.float64), basis.neutral.astype(np.float64), scale=1.0)
    return {
        "neutral": {
            "inner_lip_gaps_right_centre_left": _figures(lm.inner_lip_gaps(basis.neutral)),
            "mouth_width": _figures(width),
            "eye_opening_left_right": _figures(lm.eye_opening(rest)[0]),
        },
        "channel_at_1": {
            name: {
                "inner_lip_gap_change": _figures(lm.inner_lip_gap(single)[c] - gap),
                "mouth_width_change": _figures(lm.mouth_width(single)[c] - width),
                "largest_displacement": _figures(np.linalg.norm(basis.displacement[c], axis=-1).max()),
                "largest_rigid_point_displacement": _figures(rigid[c]),
                "mistaken_for_head_turn_degrees": np.round(np.degrees(np.abs(fitted[c, :3]).max()), 2).item(),
            }
            for c, name in enumerate(CHANNELS)
        },
        "lid_gaps_when_blinked": {
            side: [_figures(single[CHANNEL_INDEX[f"eyeBlink{side.capitalize()}"], pair, 1] @ [1, -1]) for pair in pairs]
            for side, pairs in lm.LID_PAIRS.items()
        },
        "inner_lip_gap_at_equal_jawOpen_and_mouthClose": {
            f"{weight:.1f}": _figures(_gaps(basis, {"jawOpen": weight, "mouthClose": weight})[1])
            for weight in np.linspace(0, 1, 6)
        },
        "mouthClose_that_seals_against": {
            " + ".join(names): _seal(basis, dict.fromkeys(names, 1.0)) for names in SEALED_AGAINST
        },
    }


def _gaps(basis: FaceBasis, weights: dict[str, float]) -> np.ndarray:
    values = np.zeros((1, len(CHANNELS)), dtype=np.float32)
    for name, weight in weights.items():
        values[0, CHANNEL_INDEX[name]] = weight
    return lm.inner_lip_gaps(landmarks_from_channels(basis, values))[0]


def _seal(basis: FaceBasis, weights: dict[str, float]) -> dict[str, Any]:
    """The mouthClose that brings the centre gap to 0, and what is then left at the right and the left pair."""
    parted = float(_gaps(basis, weights)[1])
    per_unit = float(_gaps(basis, {"mouthClose": 1.0})[1] - _gaps(basis, {})[1])
    close = -parted / per_unit
    left_over = _gaps(basis, {**weights, "mouthClose": close})
    return {"parted_by": _figures(parted), "mouthClose": _figures(close), "side_gaps": _figures(left_over[[0, 2]])}


def _figures(value: Any) -> Any:
    """Numbers as a card shows them: four decimals, no negative zero."""
    rounded = np.round(np.asarray(value, dtype=np.float64), 4) + 0.0
    return rounded.tolist()


def write(basis: FaceBasis, rigs: Path, out: Path) -> None:
    """Write the basis and its model card into the folder `out`."""
    from safetensors.numpy import save

    arrays = {"neutral": basis.neutral, "displacement": basis.displacement, "eyeballs": basis.eyeballs}
    data = save(arrays, metadata={"channels": ",".join(CHANNELS)})
    (out / BASIS_PATH.name).write_bytes(data)
    card = {
        "name": BASIS_PATH.stem,
        "what": "The 70 landmarks of a face at rest, what each of the 52 ARKit channels adds to them, and the centres "
        "of the eyeballs; unit inter-ocular distance, +X to the character's left, +Y up, +Z out of the face",
        "sha256": hashlib.sha256(data).hexdigest(),
        "tensors": {name: list(array.shape) for name, array in arrays.items()},
        "command": "python -m backend.face.measure --rigs RIGS",
        "seed": None,
        "data": [
            {
                "name": "ICT-FaceKit",
                "source": "https://github.com/ICT-VGL/ICT-FaceKit",
                "licence": "MIT, Copyright (c) 2020 USC Institute for Creative Technologies",
                "sha256": hashlib.sha256((rigs / ict.FILE).read_bytes()).hexdigest(),
                "use": "all tensors",
            },
            {
                "name": "MakeHuman expression units, as packed in MPFB2",
                "source": "https://github.com/makehumancommunity/mpfb2",
                "licence": "CC0 1.0 (assets)",
                "sha256": hashlib.sha256((rigs / crosscheck.FILE).read_bytes()).hexdigest(),
                "use": "cross-check in the metrics; nothing of it is in the tensors",
            },
        ],
        "notes": [
            "tongueOut displaces nothing: the rig has no such shape and no landmark lies on the tongue.",
            "At rest the lips of the rig are parted by 1.2 % of the IOD: below the 2 % that count as closed.",
            "The upper lid points 37, 38, 43, 44 stand on the front edge of the lid margin, not on ICT's rear edge.",
            "The eyeLook channels move the lids only; pupils stay at rest in normalized landmarks.",
            "Face and channels are the mean of the rig and its mirror image.",
            "Pupils are the centres of the vertices that ICT's PupilDilate moves.",
        ],
        "metrics": {**metrics(basis), "agreement_with_makehuman_units": crosscheck.agreement(basis, rigs)},
    }
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    (out / BASIS_PATH.with_suffix(".json").name).write_text(text, encoding="utf-8", newline="\n")


def main(arguments: list[str] | None = None) -> None:
    """Command line: read the rigs, write basis and card."""
    parser = argparse.ArgumentParser(
        prog="python -m backend.face.measure", description="Measure the canonical face from an open rig."
    )
    parser.add_argument(
        "--rigs", type=Path, required=True, help="folder that holds ict_facekit/ and makehuman_mpfb_cc0/"
    )
    parser.add_argument("--out", type=Path, default=BASIS_PATH.parent, help="folder to write into")
    options = parser.parse_args(arguments)
    write(canonical(read_face(options.rigs)), options.rigs, options.out)
    log.info("wrote %s", options.out / BASIS_PATH.name)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
