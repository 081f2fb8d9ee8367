"""Which files a folder of weights has. Two layouts are known: the authors' tree of .pth, and a flat one of safetensors.

    liveportrait/base_models/*.pth, retargeting_models/*.pth, landmark.onnx
    liveportrait_animals/base_models[_v1.1]/*.pth, retargeting_models/*.pth
    *.safetensors, landmark.onnx

The folder that is given may also be the one above `liveportrait`. What else lies there is left alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from addon.core.errors import RequestError
from addon.core.preview import LANDMARK_NETWORK

LARGE: Final[tuple[str, ...]] = (
    "appearance_feature_extractor",
    "motion_extractor",
    "warping_module",
    "spade_generator",
)
"""Stems of the four files without which there is nothing."""
SMALL: Final[str] = "stitching_retargeting_module"
MAPPER: Final[str] = "soliloquy_mapper"
"""Stem of the mapper that `train mapper` leaves beside the weights it was trained for."""
SUFFIXES: Final[tuple[str, ...]] = (".pth", ".safetensors")
TREES: Final[tuple[str, ...]] = ("base_models_v1.1", "base_models", "")
"""Folders for the four files; animals have a later version beside the first."""
CHUNK: Final[int] = 1 << 22


@dataclass(frozen=True)
class WeightFiles:
    """`large` by stem; `small` is missing where nothing is stitched, `landmarks` where no reader of faces is given."""

    root: Path
    large: Mapping[str, Path]
    small: Path | None
    landmarks: Path | None

    def all(self) -> Iterator[Path]:
        """The files that decide what the frames look like."""
        yield from self.large.values()
        if self.small:
            yield self.small

    def hashes(self) -> dict[str, str]:
        """SHA-256 of each file by its name."""
        return {path.name: _sha256(path) for path in self.all()}

    @property
    def mapper(self) -> Path:
        """Where the mapper of these weights is kept, without suffix."""
        return self.root / MAPPER


def find_weights(folder: Path) -> WeightFiles:
    """The files of a folder. Raises RequestError where it is no folder of LivePortrait's weights, or lacks a file."""
    if not folder.is_dir():
        raise RequestError("liveportrait.folder", "There is no such folder of weights; choose it again.", str(folder))
    found = {root: _large(root) for root in (folder, folder / "liveportrait")}
    root, large = max(found.items(), key=lambda item: len(item[1]))
    missing = [stem for stem in LARGE if stem not in large]
    if missing:
        what = "holds no LivePortrait weights" if not large else f"lacks {', '.join(missing)}"
        raise RequestError(
            "liveportrait.folder",
            f"The folder {what}; choose the one with the files appearance_feature_extractor, motion_extractor, "
            "warping_module and spade_generator (.pth or .safetensors).",
            str(folder),
        )
    return WeightFiles(root, large, _small(root), _landmarks(root))


def combined_hash(hashes: Mapping[str, str]) -> str:
    """One SHA-256 for a set of files, whatever they are called."""
    return hashlib.sha256("".join(sorted(hashes.values())).encode()).hexdigest()


def _large(root: Path) -> dict[str, Path]:
    """The four files of the first subfolder that has the most of them, in the order of LARGE."""
    found = [{stem: path for stem in LARGE if (path := _file(root / tree, stem)) is not None} for tree in TREES]
    return max(found, key=len)


def _small(root: Path) -> Path | None:
    return _file(root / "retargeting_models", SMALL) or _file(root, SMALL)


def _landmarks(root: Path) -> Path | None:
    """Animals use the reader of people where theirs is not there: it lies in the folder beside."""
    places = (root / LANDMARK_NETWORK, root.parent / "liveportrait" / LANDMARK_NETWORK)
    return next((path for path in places if path.is_file()), None)


def _file(folder: Path, stem: str) -> Path | None:
    return next((path for suffix in SUFFIXES if (path := folder / f"{stem}{suffix}").is_file()), None)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
