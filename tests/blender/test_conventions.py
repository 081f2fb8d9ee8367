"""Heads of other conventions, as an artist imports them: bound by name, and their own geometry closes and opens."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest

from addon import runtime
from addon.core.channels import CHANNELS, indices
from addon.core.performance import Performance
from addon.rig import take
from addon.rig.discover import find_character

_log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]
HEADS = {
    "ict_facekit/ict_head_arkit51.glb": ("ARKit", "jawOpen", "51 of 52 channels"),
    "facecap_arkit52/facecap_plain.glb": ("ARKit", "jawOpen", "52 of 52 channels"),
    "ict_derived_conventions/ict_oculus15_plus_arkit51.glb": ("ARKit", "jawOpen", "51 of 52 channels"),
    "ict_derived_conventions/ict_cc4_names.glb": ("Character Creator 4", "Jaw_Open", "51 of 52 channels"),
    "ict_derived_conventions/ict_vrm0_names.glb": ("VRM 0", "A", "5 visemes and 23 of 52 channels"),
    "ict_derived_conventions/ict_vroid_names.glb": ("VRoid", "Fcl_MTH_A", "5 visemes and 15 of 52 channels"),
    "makehuman_mpfb_cc0/makehuman_head_units34.glb": ("MakeHuman", "mouth-open", "33 of 52 channels"),
}
"""File: the convention, the key that opens the mouth widest, the start of the coverage."""
VISEMES_ONLY = "ict_derived_conventions/ict_oculus15_plus_arkit51.glb"
CLOSED, OPEN, CROSSED = 0.05, 0.25, -0.2
"""Shares of the mouth's own full opening: up to the first it reads as closed, above the second as an open vowel, and
below the last lips would be pressed through each other, not against."""
LINE = (("SIL", "rest"), ("P", "sealed"), ("AA", "open"), ("B", "sealed"), ("IY", "spread"), ("M", "sealed"))
MOUTHS = {
    "rest": ({"mouthSmile": 0.5}, 0.02),
    "sealed": (
        {"jawOpen": 0.12, "mouthClose": 0.12, "mouthPress": 0.35, "mouthRollLower": 0.18, "mouthRollUpper": 0.13,
         "mouthSmile": 0.5}, 0.005,
    ),
    "open": ({"jawOpen": 0.6, "mouthLowerDown": 0.1, "mouthSmile": 0.4}, 0.32),
    "spread": ({"jawOpen": 0.15, "mouthSmile": 0.5, "mouthStretch": 0.3, "mouthLowerDown": 0.15}, 0.13),
}  # fmt: skip
"""Channels and lip gap (inter-ocular distances) of each mouth, as the rules engine makes them in a happy line."""


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Performance:
    """The shipped line, happy, from the backend that SOLILOQUY_BACKEND_PYTHON names; without it a short one by hand."""
    if not os.environ.get("SOLILOQUY_BACKEND_PYTHON"):
        return _by_hand()
    return perform_line(tmp_path_factory.mktemp("line") / "line.npz")


def perform_line(made: Path, engine: str = "neural") -> Performance:
    """The shipped line, happy, performed by the backend's `engine` into the file `made`."""
    python = os.environ["SOLILOQUY_BACKEND_PYTHON"]
    card = json.loads((ROOT / "backend/demo/line.json").read_text(encoding="utf-8"))
    command = [python, "-m", "backend", "perform", "--engine", engine, "--emotion", "happy"]
    command += ["--text", card["text"], "--fps", "30"]
    subprocess.run([*command, "--out", str(made), str(ROOT / "backend/demo/line.wav")], cwd=ROOT, check=True)
    return Performance.load(made)


def _by_hand(fps: float = 30.0, hold: int = 6) -> Performance:
    count = hold * len(LINE)
    channels, landmarks = np.zeros((count, len(CHANNELS))), np.zeros((count, 70, 3))
    for number, (_, mouth) in enumerate(LINE):
        values, gap = MOUTHS[mouth]
        frames = slice(number * hold, (number + 1) * hold)
        landmarks[frames, 61:64, 1] = gap
        for name, value in values.items():
            channels[frames, indices(name)] = value
    phones = [(name, i * hold / fps, (i + 1) * hold / fps) for i, (name, _) in enumerate(LINE)]
    still = {"gaze": np.zeros((count, 2, 2)), "head": np.zeros((count, 6)), "emotion": np.zeros((count, 9))}
    return Performance(fps, landmarks, channels=channels, meta={"phones": phones}, **still)


def load(shared_data: Path, file: str) -> bpy.types.Object:
    """Import a head; the object with the most shape keys."""
    bpy.ops.import_scene.gltf(filepath=str(shared_data / "rigs" / file))
    meshes = [o for o in bpy.data.objects if o.type == "MESH" and o.data.shape_keys]
    return max(meshes, key=lambda o: len(o.data.shape_keys.key_blocks))


def keep_visemes(head: bpy.types.Object) -> None:
    """Take every key but the visemes away."""
    for block in list(head.data.shape_keys.key_blocks)[1:]:
        if not block.name.startswith("viseme_"):
            head.shape_key_remove(block)


def lips(head: bpy.types.Object, opening: str) -> tuple[int, int]:
    """Vertices where upper and lower lip touch: the frontmost pair on the midline that meets at rest and parts.

    The lips lie in front of the teeth, and of all that meets they are what the opening key tears apart.
    """
    blocks = head.data.shape_keys.key_blocks
    rest = _points(blocks[0])
    moved = np.linalg.norm(_points(blocks[opening]) - rest, axis=1)
    size = np.ptp(rest, axis=0).max()
    centre = rest[moved > 0.5 * moved.max()].mean(axis=0)[0]
    middle = np.abs(rest[:, 0] - centre) < 0.015 * size
    upper = np.flatnonzero(middle & (moved < 0.2 * moved.max()))
    lower = np.flatnonzero(middle & (moved > 0.5 * moved.max()))
    apart = np.linalg.norm(rest[upper, None] - rest[None, lower], axis=-1)
    above = rest[upper, None, 2] >= rest[None, lower, 2]
    touching = np.argwhere((apart < 0.02 * size) & above)
    depth = rest[upper[touching[:, 0]], 1] + rest[lower[touching[:, 1]], 1]
    best = touching[np.argmin(depth + apart[tuple(touching.T)])]
    return int(upper[best[0]]), int(lower[best[1]])


def _points(block: bpy.types.ShapeKey) -> np.ndarray:
    flat = np.empty(3 * len(block.data), dtype=np.float32)
    block.data.foreach_get("co", flat)
    return flat.reshape(-1, 3).astype(np.float64)


def opened(head: bpy.types.Object, pair: tuple[int, int], full: float) -> float:
    """How far the evaluated mouth is open now, as a share of `full`; 0 as at rest, less when pressed."""
    mesh = head.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    rest = head.data.shape_keys.key_blocks[0].data
    now = mesh.vertices[pair[0]].co.z - mesh.vertices[pair[1]].co.z
    return (now - (rest[pair[0]].co.z - rest[pair[1]].co.z)) / full


def measure(head: bpy.types.Object, opening: str, line: Performance) -> tuple[dict[str, float], dict[str, float]]:
    """Bake the line and play it: the opening in each p, b, m at its most closed, in each long aa at its most open."""
    pair = lips(head, opening)
    rest, wide = (_points(head.data.shape_keys.key_blocks[name]) for name in (0, opening))
    full = (np.subtract(*wide[list(pair)]) - np.subtract(*rest[list(pair)]))[2]
    return play(head, line, lambda: opened(head, pair, float(full)))


def play(
    character: bpy.types.Object, line: Performance, opening: Callable[[], float]
) -> tuple[dict[str, float], dict[str, float]]:
    """Bake the line and play it: the `opening` in each p, b, m at its most closed, in each long aa at its most open."""
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 30, 1.0
    take.apply(scene, character, line, take.Take("line", None, 1))
    shown = np.empty(line.frame_count)
    for frame in range(line.frame_count):
        scene.frame_set(1 + frame)
        shown[frame] = opening()
    closed, wide_open = {}, {}
    for name, start, end in line.meta["phones"]:
        span = shown[round(start * line.fps) : max(round(end * line.fps), round(start * line.fps) + 1)]
        at = f"{name} {start:.2f}"
        if name in ("P", "B", "M"):
            closed[at] = float(span.min())
        elif name in ("AA", "AO", "AE") and end - start > 0.08 and line_opens(line, start, end):
            wide_open[at] = float(span.max())
    return closed, wide_open


def line_opens(line: Performance, start: float, end: float) -> bool:
    """Whether the performance itself opens wide in this vowel, which lies by stress and speed."""
    channels = line.channels[round(start * line.fps) : round(end * line.fps)]
    return bool(channels[:, indices("jawOpen")].max() > 0.5)


def check(
    name: str, closed: dict[str, float], wide_open: dict[str, float], record: Callable[[str, object], None]
) -> None:
    record("closed", max(closed.values()))
    record("open", min(wide_open.values()))
    _log.info("%s: closed %.3f to %.3f, open %.3f and more", name, *_span(closed), min(wide_open.values()))
    assert {at: value for at, value in closed.items() if not CROSSED < value <= CLOSED} == {}
    assert {at: value for at, value in wide_open.items() if value < OPEN} == {}


def _span(values: dict[str, float]) -> tuple[float, float]:
    return min(values.values()), max(values.values())


@pytest.mark.parametrize("file", HEADS)
def test_a_head_is_bound_by_its_names_and_closes_at_pbm_and_opens_at_aa(
    shared_data: Path, file: str, line: Performance, record_property: Callable[[str, object], None]
) -> None:
    profile, opening, coverage = HEADS[file]
    head = load(shared_data, file)
    character = find_character(head)
    target = next(t for t in character.keys if t.owner == head)
    assert target.profile == profile
    assert coverage in character.coverage
    check(file, *measure(head, opening, line), record_property)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("file", HEADS)
def test_one_press_of_bind_names_the_convention_and_what_it_covers(shared_data: Path, file: str) -> None:
    profile, _, coverage = HEADS[file]
    head = load(shared_data, file)
    bpy.context.scene.soliloquy.character = head
    assert bpy.ops.soliloquy.bind() == {"FINISHED"}
    told = runtime.get().messages[-1].text
    assert coverage in told
    assert profile in told or profile == "ARKit"  # the common case needs no name
    named = float(told.rpartition("% of its named keys")[0].rpartition(" ")[2])
    assert named >= 95.0


def test_a_head_with_nothing_but_visemes_closes_at_pbm_and_opens_at_aa(
    shared_data: Path, line: Performance, record_property: Callable[[str, object], None]
) -> None:
    head = load(shared_data, VISEMES_ONLY)
    keep_visemes(head)
    assert "15 visemes" in find_character(head).coverage
    check("visemes alone", *measure(head, "viseme_aa", line), record_property)
