"""How fast the rasteriser draws a head of given density: prints frames per second and the ratio to 30 fps playback.

`python tests/bench/bench_raster.py [--triangles 20000 50000] [--sizes 256 512] [--textured 512] [--device cpu]`
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import numpy as np
import torch

from backend.generator.raster import Camera, Mesh, Texturing, render


def ball(triangles: int) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V,3) and triangles (F,3) of a dented sphere with about that many triangles."""
    rings = max(4, round((triangles / 4) ** 0.5))
    columns = 2 * rings
    up, around = np.meshgrid(np.linspace(0, np.pi, rings + 1), np.arange(columns) * 2 * np.pi / columns, indexing="ij")
    radius = 1 + 0.1 * np.sin(5 * up) * np.cos(4 * around)
    points = np.stack([np.sin(up) * np.sin(around), np.cos(up), np.sin(up) * np.cos(around)], axis=-1)
    row, column = np.meshgrid(np.arange(rings), np.arange(columns), indexing="ij")
    a, b = row * columns + column, row * columns + (column + 1) % columns
    faces = np.stack([np.stack([a, a + columns, b], -1), np.stack([b, a + columns, b + columns], -1)], axis=2)
    return (points * radius[..., None]).reshape(-1, 3), faces.reshape(-1, 3)


def picture(vertices: np.ndarray, faces: np.ndarray, options: argparse.Namespace) -> Texturing | None:
    """A picture of noise projected from in front, where one is asked for."""
    if not options.textured:
        return None
    noise = np.random.default_rng(0).integers(0, 256, (options.textured, options.textured, 3), np.uint8)
    return Texturing(((vertices[:, :2] + 1.2) / 2.4)[faces].astype(np.float32), np.zeros(len(faces), int), (noise,))


def fastest(
    mesh: Mesh, moving: np.ndarray, camera: Camera, batch: int, repeats: int, settings: dict[str, Any]
) -> tuple[float, float]:
    """Seconds of wall and of processor time of the fastest run: the one that other work disturbed least."""
    runs = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        for _frame in render(mesh, moving, camera, batch, **settings):
            pass
        runs.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(runs)


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of the rasteriser.")
    parser.add_argument("--triangles", type=int, nargs="+", default=[20_000, 50_000])
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--supersample", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--textured", type=int, default=0, help="pixels of a side of a texture; 0: vertex colours")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, help="threads of torch; its own choice unless given")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    sys.stdout.write(f"torch {torch.__version__}, {torch.get_num_threads()} threads, device {options.device}\n")
    for count in options.triangles:
        vertices, faces = ball(count)
        swell = 1 + 0.02 * np.sin(np.arange(options.frames))
        moving = (vertices[None] * swell[:, None, None]).astype(np.float32)
        mesh = Mesh(faces, np.full((len(vertices), 3), 0.5, np.float32), texturing=picture(vertices, faces, options))
        for size in options.sizes:
            for fine in options.supersample:
                camera = Camera((0.0, 0.0, 6.0), field_of_view=0.42, width=size, height=size)
                settings = {"supersample": fine, "device": options.device}
                list(render(mesh, moving[: options.batch], camera, options.batch, **settings))
                wall, cpu = fastest(mesh, moving, camera, options.batch, options.repeats, settings)
                drawn = options.frames
                sys.stdout.write(
                    f"{len(faces):6d} triangles {size:4d} px x{fine}: {drawn / wall:7.1f} fps "
                    f"({drawn / wall / 30:.2f} x playback at 30), {1000 * cpu / drawn:6.1f} CPU ms per frame\n"
                )


if __name__ == "__main__":
    main()
