"""How fast keys are written: 60 s at 60 fps on 52 shape keys, two eyes, neck and head, in this Python's Blender.

    python tests/bench/bench_keys.py

Prints seconds, and the ratio to keyframe_insert, timed on a curve of 200 keys and scaled; it gets slower the longer a
curve is, so the true ratio is larger. The aim is under 0.25 s.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import bpy

from addon.core.baking import scene_curves
from addon.core.timeline import Timeline
from addon.rig import keyer
from addon.rig.discover import find_character
from tests.blender import scenes

SECONDS, FPS, REPEATS, AIM = 60, 60, 5, 0.25


def main() -> None:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    line = scenes.performance(SECONDS, FPS)
    for mode in ("QUATERNION", "XYZ"):
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        bpy.context.scene.render.fps = FPS
        rig = scenes.add_character(mode=mode)
        timeline = keyer.scene_timeline(bpy.context.scene, 1)
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            report = keyer.bake(find_character(rig), line, timeline, "line")
            times.append(time.perf_counter() - start)
        whole = statistics.median(times)
        start = time.perf_counter()
        scene_curves(line, Timeline(FPS))
        pure = time.perf_counter() - start
        start = time.perf_counter()
        keyer.bake(find_character(rig), line, timeline, "line", tolerance=0.002)
        thinned = time.perf_counter() - start
        slow = one_by_one(200) * report.keys / 200
        sys.stdout.write(
            f"Blender {bpy.app.version_string}, bones in {mode}: {report.keys} keys in {whole:.3f} s, "
            f"best {min(times):.3f} ({whole / AIM:.2f} of the aim; resampling {pure:.3f} s; keyframe_insert at least "
            f"{slow / whole:.0f} times that); thinned {thinned:.3f} s\n"
        )


def one_by_one(count: int) -> float:
    """Seconds that `count` calls of keyframe_insert take on a key of its own mesh."""
    block = scenes.add_mesh("Slow", ("jawOpen",)).data.shape_keys.key_blocks["jawOpen"]
    start = time.perf_counter()
    for frame in range(count):
        block.value = frame / count
        block.keyframe_insert("value", frame=frame)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
