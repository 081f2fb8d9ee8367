"""How well a trained character paints performances that it never saw, against the renderer's own frames."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image

from addon.core.errors import RequestError
from backend.device import device_name
from backend.generator.character.body import Body, screen_points
from backend.generator.character.conditioning import Window, tell
from backend.generator.character.crops import PLACES, Crops
from backend.generator.character.dataset import RenderedSet, read_set
from backend.generator.character.folder import Trained, read_character
from backend.generator.character.generator import AT_ONCE, paint_frames, painter_of
from backend.generator.quality import box_around, composite, flicker, ssim
from backend.generator.raster.shots import SAMPLES, camera_of
from backend.generator.sheet import contact_sheet

from .reader import LandmarkReader

SHOWN: Final[int] = 12
"""Frames on the contact sheet."""
TIMED: Final[int] = 12
"""Frames whose processor time is taken."""


@dataclass(frozen=True, eq=False)
class Painted:
    """Held-out frames `numbers` of a set, as painted, `made` (N,H,W,4), and as rendered, `true`; and how fast.

    `frames_per_second` is None for what no network painted.
    """

    numbers: np.ndarray
    made: np.ndarray
    true: np.ndarray
    frames_per_second: float | None = None


def evaluate_character(folder: Path, examples: Path, out: Path) -> dict[str, Any]:
    """Measure a trained character on the test frames of a set; writes `report.json` and `sheet.png` into `out`.

    Raises RequestError when the set has no test frames or the character was trained on another surface or size.
    """
    rendered, trained = read_set(examples), read_character(folder)
    numbers = rendered.numbers("test")
    if not len(numbers):
        raise RequestError("set.test", "The set has no test frames: render held-out performances too.", str(examples))
    trained.require_surface(rendered.shot.subject)
    if trained.plan.height != rendered.shot.height:
        raise RequestError(
            "set.size",
            f"The character was trained on pictures {trained.plan.height} pixels high and the set's are "
            f"{rendered.shot.height}; render a set of the same size.",
            str(examples),
        )
    out.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {"frames": len(numbers), "engine": rendered.engine, "trained": trained.card["metrics"]}
    crops, marks = Crops.of(rendered.shot), _marked(rendered)
    reader = _reader(rendered, marks)
    report["mean_picture"] = _psnr(crops, _mean_picture(rendered, numbers))
    for quality, fine in SAMPLES.items():
        painted = paint_set(trained, rendered, numbers, fine)
        report[quality] = measures(rendered, painted, crops) | {"landmarks_px": _landmarks(painted, marks, reader)}
        if quality == "draft":
            write_sheet(rendered, painted, crops, out / "sheet.png")
    report["cpu_ms_per_frame"] = times(trained, rendered, numbers)
    (out / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return report


def paint_set(trained: Trained, rendered: RenderedSet, numbers: np.ndarray, fine: int) -> Painted:
    """Paint frames of a set from their geometry alone; their pace is taken once the first are there."""
    moving = torch.from_numpy(rendered.shot.vertices[numbers])
    made, began = [], time.perf_counter()
    for picture in paint_frames(trained, rendered.shot, moving, fine, device_name()):
        made.append(picture)
        if len(made) == AT_ONCE < len(numbers):
            began = time.perf_counter()
    counted = len(made) - AT_ONCE if len(made) > AT_ONCE else len(made)
    pace = counted / max(time.perf_counter() - began, 1e-9)
    return Painted(numbers, np.stack(made), rendered.pictures[numbers], round(pace, 1))


def measures(rendered: RenderedSet, painted: Painted, crops: Crops) -> dict[str, Any]:
    """PSNR and SSIM by place, flicker within lines, and the frames painted in a second of wall time."""
    made, true = (composite(part[..., :3], part[..., 3]) for part in (painted.made, painted.true))
    likeness = dict.fromkeys(PLACES, 0.0)
    for one, other, number in zip(made, true, painted.numbers, strict=True):
        likeness["full"] += ssim(one, other) / len(made)
        for name, box in crops.boxes[number].items():
            likeness[name] += ssim(box.of(one), box.of(other)) / len(made)
    place = {number: k for k, number in enumerate(painted.numbers)}
    pieces = [[place[n] for n in piece] for piece in rendered.pieces(painted.numbers) if len(piece) > 1]
    changes = [(flicker(made[piece], true[piece]), _change(true[piece])) for piece in pieces]
    return {
        "psnr_db": _psnr(crops, painted),
        "ssim": {name: round(value, 4) for name, value in likeness.items()},
        "flicker": round(float(np.mean([change for change, _ in changes])), 3) if changes else None,
        "true_change": round(float(np.mean([change for _, change in changes])), 3) if changes else None,
        "frames_per_second": painted.frames_per_second,
    }


def times(trained: Trained, rendered: RenderedSet, numbers: np.ndarray) -> dict[str, float]:
    """Processor milliseconds of a draft frame by part, on all of torch's threads together."""
    shot, plan, device = rendered.shot, trained.plan, device_name()
    camera = camera_of(shot)
    moving = torch.from_numpy(shot.vertices[numbers[:TIMED]])
    window = Window.around(moving, camera, plan)
    body = Body.of(shot.subject, plan, trained.model.code.cpu().numpy(), device)
    texels, paint = trained.model.texels.detach().to(device), painter_of(trained, device)
    spent: dict[str, list[float]] = {"raster": [], "sampling": [], "network": []}
    with torch.inference_mode():
        for part in moving.to(device).split(AT_ONCE):
            marks = [time.process_time()]
            told = tell(part, body, plan, camera, window)
            marks.append(time.process_time())
            features = told.features(texels)
            squares = told.details(features, plan)
            marks.append(time.process_time())
            paint(features, *squares)
            marks.append(time.process_time())
            for name, share in zip(spent, np.diff(marks), strict=True):
                spent[name].append(1000 * float(share) / len(part))
    return {name: round(float(np.median(values)), 1) for name, values in spent.items()}


def write_sheet(rendered: RenderedSet, painted: Painted, crops: Crops, path: Path) -> None:
    """Frames of every line, painted beside rendered, and their faces enlarged."""
    chosen = np.unique(np.linspace(0, len(painted.numbers) - 1, SHOWN).astype(int))
    frames, labels = [], []
    for k in chosen:
        pair = [_bytes(composite(p[..., :3], p[..., 3])) for p in (painted.made[k], painted.true[k])]
        box = crops.boxes[painted.numbers[k]]["face"]
        close = [_enlarged(box.of(picture), pair[0].shape[0]) for picture in pair]
        frames.append(np.concatenate([pair[0], pair[1], *close], axis=1))
        labels.append(f"{rendered.lines[painted.numbers[k]]} {painted.numbers[k]}: painted, rendered, and their faces")
    contact_sheet(frames, labels, 2).save(path)


def _landmarks(painted: Painted, marks: np.ndarray, reader: LandmarkReader) -> Mapping[str, float]:
    """Mean distance in pixels: reading against geometry, on painted and on rendered frames, and of the two readings."""
    truth = marks[painted.numbers]
    made, true = reader.read(painted.made), reader.read(painted.true)
    pairs = {"painted": (made, truth), "rendered": (true, truth), "between": (made, true)}
    return {n: round(float(np.linalg.norm(a - b, axis=-1).mean()), 3) for n, (a, b) in pairs.items()}


def _reader(rendered: RenderedSet, points: np.ndarray) -> LandmarkReader:
    learned = rendered.numbers("train")
    box = box_around(points.reshape(-1, 2), 0.05, rendered.shot.height, rendered.shot.width)
    return LandmarkReader.learned(rendered.pictures[learned], points[learned], box)


def _marked(rendered: RenderedSet) -> np.ndarray:
    """(T,L,2) pixels of the landmarks that the subject has, from its geometry."""
    marks = rendered.shot.subject.landmarks
    return screen_points(rendered.shot)[:, marks[marks >= 0]]


def _psnr(crops: Crops, painted: Painted) -> dict[str, float]:
    scores = crops.scores(painted.made, painted.true, painted.numbers)
    return {name: round(value, 2) for name, value in scores.items()}


def _mean_picture(rendered: RenderedSet, numbers: np.ndarray) -> Painted:
    """What who looks at nothing would paint: the mean of all trained frames."""
    mean = np.round(rendered.pictures[rendered.numbers("train")].mean(axis=0)).astype(np.uint8)
    return Painted(numbers, np.stack([mean] * len(numbers)), rendered.pictures[numbers])


def _change(frames: np.ndarray) -> float:
    return 255.0 * float(np.sqrt(np.mean(np.diff(frames, axis=0) ** 2)))


def _bytes(picture: np.ndarray) -> np.ndarray:
    return np.round(picture * 255).astype(np.uint8)


def _enlarged(part: np.ndarray, side: int) -> np.ndarray:
    return np.asarray(Image.fromarray(part).resize((side, side), Image.Resampling.BICUBIC))
