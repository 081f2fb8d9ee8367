"""A trained character's folder.

`character.safetensors` holds texture, network and place code; `character.json` is the card: what they are, how they
were made, how good they are; `character.onnx` is the network alone, for onnxruntime (`export`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from addon.core.errors import RequestError
from addon.core.shot import Subject

from .body import Plan, surface_hash
from .checkpoint import Progress, read_tensors, write_tensors
from .model import CharacterModel
from .settings import PainterConfig, TrainingConfig

WEIGHTS: Final[str] = "character.safetensors"
CARD: Final[str] = "character.json"
NETWORK: Final[str] = "character.onnx"


@dataclass(frozen=True, eq=False)
class Trained:
    """A character read from its folder: the model in evaluation, its plan, its whole card."""

    folder: Path
    model: CharacterModel
    plan: Plan
    card: Mapping[str, Any]

    def require_surface(self, subject: Subject) -> None:
        """Raise RequestError where the character was trained on another surface than the subject's."""
        if self.plan.surface != surface_hash(subject):
            raise RequestError(
                "character.surface",
                "The character was trained on another surface (mesh, UVs or materials have changed); train it again.",
                str(self.folder),
            )


def save_character(folder: Path, model: CharacterModel, config: TrainingConfig, plan: Plan, progress: Progress) -> None:
    """Write weights and card, each replaced at once. A network that was exported before is taken away: it is old."""
    (folder / NETWORK).unlink(missing_ok=True)
    write_tensors(folder / WEIGHTS, model.state_dict(), {})
    card = {
        "name": "character",
        "what": "A painter of one character: its texture and network, from rasterised geometry to colour and alpha",
        "method": "deferred neural rendering: learned texture, U-Net, full-size branches for mouth and eyes",
        "data": "the artist's own renders of this character; no other pictures",
        "licence": "that of the renders; the artist's own",
        "command": "python -m backend train character --set FOLDER --out FOLDER",
        "seed": config.seed,
        "config": asdict(config),
        "plan": asdict(plan),
        "learned_from": progress.digest,
        "steps": progress.step,
        "minutes": round(progress.minutes, 2),
        "metrics": {"validation_psnr_db": {name: round(value, 2) for name, value in progress.best.items()}},
        "sha256": hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest(),
    }
    write_card(folder, card)


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Replace the card."""
    draft = folder / f"{CARD}.part"
    draft.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    os.replace(draft, folder / CARD)  # noqa: PTH105


def read_character(folder: Path) -> Trained:
    """Read a trained character. Raises RequestError when the folder holds none, or one that is damaged."""
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        plan = Plan.from_card(card["plan"])
        painter = card["config"]["painter"]
        config = PainterConfig(painter["texture"], tuple(painter["widths"]), painter["detail"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RequestError(
            "character.folder", "No trained character is in this folder; train one, or choose another.", str(folder)
        ) from error
    tensors, _ = read_tensors(folder / WEIGHTS)
    try:
        model = CharacterModel(config, plan, tensors["code"].numpy())
        model.load_state_dict(tensors)
    except (RuntimeError, KeyError) as error:
        raise RequestError(
            "character.file", "The trained character's weights do not fit its card; train it again.", str(folder)
        ) from error
    return Trained(folder, model.eval(), plan, card)
