"""What a GPU is worth: the neural engine, rasteriser, painter and portrait on "cuda" and on the CPU in one run.

    python tests/bench/bench_cuda.py [--devices cuda cpu] [--parts neural live raster painter portrait]

Prints, never fails: a part that breaks prints its traceback, and the others go on. Times are of wall clock. Where there
is no GPU the CPU alone is measured.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import torch

from addon.core.emotion import EmotionTrack
from backend.audio.sound import SAMPLE_RATE
from backend.cues.engine import Script, perform_scripts
from backend.cues.library import actor_on
from backend.cues.performer import CueLine, hear_line
from backend.cues.stream import CueStream
from backend.device import DEVICE_SWITCH
from backend.generator.character.dataset import RenderedSet, read_set
from backend.generator.character.folder import read_character
from backend.generator.character.generator import AT_ONCE, paint_frames
from backend.generator.character.settings import TrainingConfig
from backend.generator.character.training import Trainer
from backend.generator.liveportrait import forward
from backend.generator.liveportrait.certify import MIB, measure_parts
from backend.generator.liveportrait.config import FULL
from backend.generator.raster import Camera, Mesh, render, zbuffer
from backend.rules.layers import Direction
from tests.backend.actors import demo_sound
from tests.backend.painted import rendered_set
from tests.bench.bench_liveportrait import random_full_size
from tests.bench.bench_raster import ball

HOP: Final[int] = SAMPLE_RATE // 50
RINGS: Final[int] = 70
"""Of the painted ball: 19 600 triangles."""
SET: Final[tuple[int, int]] = (16, 2)
"""Frames of the painted ball that are learned from, and that are left out."""
PAINTED: Final[int] = 64
"""Frames that a GPU paints; a CPU paints a quarter of them, and learns for a fifth of the steps."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts."""
    there = ["cuda", "cpu"] if torch.cuda.is_available() else ["cpu"]
    parser = argparse.ArgumentParser(description="Speed on a GPU and on the CPU.")
    parser.add_argument("--devices", nargs="+", default=there)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--lines", type=int, default=256)
    parser.add_argument("--triangles", type=int, nargs="+", default=[20_000, 50_000])
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--frames", type=int, default=16, help="of the rasteriser")
    parser.add_argument("--steps", type=int, default=30, help="of the painter")
    options = parser.parse_args(arguments)
    named = torch.cuda.get_device_name() if "cuda" in options.devices else "no GPU"
    _say(f"torch {torch.__version__}, {named}, {os.cpu_count()} cores, {torch.get_num_threads()} threads")
    for part in options.parts:
        for device in options.devices:
            _forget(device)
            began = time.perf_counter()
            try:
                PARTS[part](device, options)
            except Exception:
                _say(f"{part} on {device} broke:\n{traceback.format_exc()}")
            _say(f"  [{part} on {device}: {time.perf_counter() - began:.1f} s, {_memory(device)}]")
    return 0


def neural(device: str, options: argparse.Namespace) -> None:
    """A batch of the demo line, everything from decoded sound to finished Performances."""
    sound = demo_sound()
    track = EmotionTrack.constant("happy")
    scripts = [Script(CueLine(sound, track, Direction(seed=seed))) for seed in range(options.lines)]
    os.environ[DEVICE_SWITCH] = device
    perform_scripts(scripts[:16])
    wall = min(_timed(lambda: perform_scripts(scripts), device) for _ in range(2))
    _say(f"{device}: batch of {len(scripts)} lines: {len(scripts) * sound.duration / wall:.0f} x real time")
    alone = min(_timed(lambda: perform_scripts(scripts[:1]), device) for _ in range(5))
    _say(f"{device}: a line of {sound.duration:.1f} s alone: {1e3 * alone:.1f} ms")
    heard = min(_timed(lambda: hear_line(actor_on(device), scripts[0].line), device) for _ in range(5))
    _say(f"{device}:   of which it is heard in {1e3 * heard:.1f} ms")


def live(device: str, _options: argparse.Namespace) -> None:
    """The demo line in hops of 20 ms."""
    sound = demo_sound()
    stream = CueStream(actor_on(device), EmotionTrack.constant("happy"), Direction(30.0, 0))
    spent = [
        _timed(lambda at=at: stream.push(sound.samples[at : at + HOP]), device)
        for at in range(0, len(sound.samples), HOP)
    ]
    last = 1e3 * np.array(spent[len(spent) // 5 :])
    _say(f"{device}: live, hops of 20 ms: {last.mean():.2f} ms each (95 % under {np.percentile(last, 95):.2f})")


def raster(device: str, options: argparse.Namespace) -> None:
    """A dented ball, lit; on a GPU also in the small pieces that a CPU takes."""
    torch.set_num_threads(os.cpu_count() or 1)
    kept = dict(zbuffer.SAMPLES_AT_ONCE)
    pieces = (kept[device],) if device == "cpu" else (kept[device], 4 * kept[device], kept["cpu"])
    for count in options.triangles:
        vertices, faces = ball(count)
        swell = 1 + 0.02 * np.sin(np.arange(options.frames))
        moving = (vertices[None] * swell[:, None, None]).astype(np.float32)
        mesh = Mesh(faces, np.full((len(vertices), 3), 0.5, np.float32))
        for size, piece in product(options.sizes, pieces):
            zbuffer.SAMPLES_AT_ONCE = {**kept, device: piece}  # pyright: ignore[reportAttributeAccessIssue]
            camera = Camera((0.0, 0.0, 6.0), field_of_view=0.42, width=size, height=size)
            drawn = partial(_drawn, mesh, moving, camera, device)
            drawn()
            wall = min(_timed(drawn, device) for _ in range(3 if device == "cuda" else 1))
            _say(
                f"{device}: {len(faces):6d} triangles {size:4d} px: {options.frames / wall:7.1f} frames/s, "
                f"{piece >> 10} k samples at once"
            )
    zbuffer.SAMPLES_AT_ONCE = kept  # pyright: ignore[reportAttributeAccessIssue]


def _drawn(mesh: Mesh, moving: np.ndarray, camera: Camera, device: str) -> None:
    for _frame in render(mesh, moving, camera, 8, device=device):
        pass


def painter(device: str, options: argparse.Namespace) -> None:
    """The painter of a character: steps of training, frames painted (torch's network on both)."""
    torch.set_num_threads(os.cpu_count() or 1)
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            _paint(device, size, _examples(size), Path(folder), options.steps)


@cache
def _examples(size: int) -> RenderedSet:
    with tempfile.TemporaryDirectory() as folder:
        return read_set(rendered_set(Path(folder), *SET, rings=RINGS, size=size))


def _paint(device: str, size: int, rendered: RenderedSet, out: Path, steps: int) -> None:
    _forget(device)
    steps, painted = (steps, PAINTED) if device == "cuda" else (max(3, steps // 5), PAINTED // 4)
    config = TrainingConfig(minutes=60.0, steps=steps, every=10**6)
    trainer, marks = Trainer(rendered, out, config, device), list[float]()
    trainer.run(lambda stage, share: marks.append(time.perf_counter()))
    pace = (len(marks) - 1 - steps // 3) / (marks[-1] - marks[steps // 3])
    _say(f"{device}: painter {size} px: {pace:.1f} steps/s of {config.batch} frames, {_memory(device)}")
    _forget(device)
    poses = torch.from_numpy(np.resize(rendered.shot.vertices, (painted, *rendered.shot.vertices.shape[1:])))
    for fine in (1, 2):
        marks = [time.perf_counter() for _ in paint_frames(read_character(out), rendered.shot, poses, fine, device)]
        counted = painted - 2 * AT_ONCE
        pace = counted / max(marks[-1] - marks[2 * AT_ONCE - 1], 1e-9)
        _say(f"{device}: painted {size} px, {fine} x {fine} samples: {pace:.1f} frames/s, {_memory(device)}")


def portrait(device: str, _options: argparse.Namespace) -> None:
    """LivePortrait at its full size with random weights; half precision on a GPU. On a CPU see bench_liveportrait."""
    if device == "cpu":
        _say("cpu: portrait is left to bench_liveportrait.py")
        return
    loaded = random_full_size(device)
    face = torch.rand(1, 3, FULL.size, FULL.size, device=loaded.device)
    for name, cost in measure_parts(loaded, face, repeats=10).items():
        _say(f"{device}: portrait {name:11s} {cost.wall:7.2f} ms, {cost.memory:.0f} MiB at most")
    volume, points = forward.appearance(loaded, face), forward.motion(loaded, face).keypoints()
    for batch in (1, 4):
        driven = forward.stitched(loaded, points, points.repeat(batch, 1, 1))
        draw = partial(forward.frames, loaded, volume, points, driven)
        draw()
        wall = min(_timed(draw, device) for _ in range(10))
        _say(f"{device}: portrait frames of {2 * FULL.size} px, {batch} at once: {batch / wall:.1f} frames/s")


PARTS: Final[Mapping[str, Callable[[str, argparse.Namespace], None]]] = {
    "neural": neural, "live": live, "raster": raster, "painter": painter, "portrait": portrait,
}  # fmt: skip


def _timed(work: Callable[[], object], device: str) -> float:
    """Seconds of wall clock until the device is done."""
    began = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def _forget(device: str) -> None:
    """Give unused memory of a GPU back, and begin to watch for a new peak."""
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _memory(device: str) -> str:
    if device != "cuda":
        return "no GPU memory"
    return f"{torch.cuda.max_memory_allocated() / MIB:.0f} MiB of GPU memory at most"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
