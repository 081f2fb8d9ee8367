"""From the command line: a line is baked and saved, meshes come out as arrays, and the process ends cleanly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest

from addon.character.roster import CHARACTERS
from addon.core.channels import CHANNEL_INDEX
from tests.blender import scenes

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A process of its own, so that its exit status tells of Blender's shutdown too."""
    command = [sys.executable, "-m", "addon.headless", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def baked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a performance, and the .blend and meshes that the command made of it."""
    folder = tmp_path_factory.mktemp("headless")
    scenes.performance(seconds=0.5, fps=30).save(folder / "line.npz")
    done = run("bake", "--sound", folder / "none.wav", "--performance", folder / "line.npz", "--fps", 30,
               "--blend", folder / "line.blend", "--dump", folder / "meshes.npz")  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_saved_file_plays_the_performance(baked: Path) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(baked / "line.blend"))
    scene, line = bpy.context.scene, scenes.performance(seconds=0.5, fps=30)
    assert (scene.frame_start, scene.frame_end) == (1, 15)
    block = bpy.data.objects["Head"].data.shape_keys.key_blocks["browInnerUp"]
    for frame in (1, 8, 15):
        scene.frame_set(frame)
        assert block.value == pytest.approx(line.channels[frame - 1, CHANNEL_INDEX["browInnerUp"]], abs=1e-4)


def test_the_meshes_are_those_of_the_file(baked: Path) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(baked / "line.blend"))
    with np.load(baked / "meshes.npz") as data:
        assert {"Head", "EyeLeft", "EyeRight", "TeethUpper", "TeethLower", "Tongue"} <= set(data["names"])
        assert data["frames"].tolist() == list(range(1, 16))
        assert float(data["fps"]) == pytest.approx(30)
        for position, name in enumerate(data["names"]):
            vertices, triangles = data[f"vertices_{position}"], data[f"triangles_{position}"]
            assert vertices.shape[0] == 15
            assert triangles.min() == 0
            assert triangles.max() == vertices.shape[1] - 1
            assert data[f"colours_{position}"].shape == vertices.shape[1:]
            bpy.context.scene.frame_set(9)
            seen = scenes.evaluated_points(bpy.data.objects[str(name)])
            np.testing.assert_allclose(vertices[8], seen[data[f"source_{position}"]], atol=1e-5)


def test_dumping_a_saved_file_gives_the_same(baked: Path) -> None:
    done = run("dump", "--from", baked / "line.blend", "--out", baked / "again.npz")
    assert done.returncode == 0, done.stdout + done.stderr
    with np.load(baked / "meshes.npz") as first, np.load(baked / "again.npz") as second:
        assert set(first.files) == set(second.files)
        for name in first.files:
            np.testing.assert_array_equal(first[name], second[name])


def test_without_a_backend_it_ends_with_a_sentence_and_status_1(tmp_path: Path) -> None:
    (tmp_path / "line.wav").write_bytes(b"RIFF")
    done = run("bake", "--sound", tmp_path / "line.wav", "--blend", tmp_path / "a.blend", "--runtime-dir", tmp_path)
    assert done.returncode == 1
    assert "No backend is running" in done.stderr
    assert not (tmp_path / "a.blend").exists()


def test_a_character_of_another_file_is_used(tmp_path: Path) -> None:
    scenes.add_character()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "mine.blend"))
    scenes.performance(seconds=0.5).save(tmp_path / "line.npz")
    arguments = ["bake", "--sound", tmp_path / "no.wav", "--performance", tmp_path / "line.npz",
                 "--blend", tmp_path / "out.blend", "--character-from", tmp_path / "mine.blend"]  # fmt: skip
    assert run(*arguments, "--object", "Face").returncode == 0
    wrong = run(*arguments, "--object", "Nobody")
    assert wrong.returncode == 1
    assert "no object of that name" in wrong.stderr


def test_each_built_in_character_can_be_asked_for_by_name(tmp_path: Path) -> None:
    scenes.performance(seconds=0.2).save(tmp_path / "line.npz")
    arguments = ["bake", "--sound", tmp_path / "no.wav", "--performance", tmp_path / "line.npz",
                 "--blend", tmp_path / "out.blend", "--dump", tmp_path / "meshes.npz"]  # fmt: skip
    crowns = {}
    for name in CHARACTERS:
        done = run(*arguments, "--character-from", f"built-in:{name}")
        assert done.returncode == 0, done.stdout + done.stderr
        with np.load(tmp_path / "meshes.npz") as data:
            crowns[name] = round(max(float(data[f"vertices_{i}"][..., 2].max()) for i in range(len(data["names"]))), 3)
    assert len(set(crowns.values())) == len(CHARACTERS), crowns
    nobody = run(*arguments, "--character-from", "built-in:nobody")
    assert nobody.returncode == 1
    assert "no built-in character of that name" in nobody.stderr


def test_a_character_is_saved_lit_and_framed_and_renders(tmp_path: Path) -> None:
    blend, picture = tmp_path / "nia.blend", tmp_path / "nia.png"
    done = run("character", "--name", "nia", "--blend", blend)
    assert done.returncode == 0, done.stdout + done.stderr
    assert blend.stat().st_size < 5e6
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    assert bpy.context.scene.camera is not None
    assert len(bpy.data.lights) == 3
    assert "Head" in bpy.data.objects
    done = run("render", "--from", blend, "--name", "nia", "--size", 24, "--samples", 1, "--out", picture)
    assert done.returncode == 0, done.stdout + done.stderr
    assert bpy.data.images.load(str(picture)).size[:] == (24, 24)


def test_a_baked_line_without_a_camera_renders_in_the_studio(baked: Path, tmp_path: Path) -> None:
    done = run("render", "--from", baked / "line.blend", "--frame", 8, "--size", 24, "--samples", 1,
               "--out", tmp_path / "line.png")  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "line.png").is_file()
