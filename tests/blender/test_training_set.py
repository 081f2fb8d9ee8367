"""A training set: frames that Blender rendered, and a shot that says exactly what is in them."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest

from addon.core.channels import CHANNEL_INDEX
from addon.core.errors import JobCancelled, RigError
from addon.core.shot import Shot
from addon.preview import training_set
from addon.preview.passes import NOTHING
from addon.preview.set_folder import frame_path, held, passes_path
from addon.preview.sweep import Line
from addon.preview.training_set import SetSettings
from tests.blender import scenes
from tests.conftest import ROOT

SIZE = 96


@pytest.fixture(autouse=True)
def few_poses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The face at rest and a blink are enough of the designed poses: it is renders that take long."""
    from addon.preview import sweep

    whole = list(sweep._single_poses())
    turned = max(whole, key=lambda pose: abs(pose.head[1]))
    monkeypatch.setattr(sweep, "_single_poses", lambda: iter([whole[0], whole[1], turned]))


def filmed_character() -> bpy.types.Object:
    """A built-in character before a camera that sees much else too, in one colour without light: renders are quick."""
    from addon.character.build import add_character

    rig, scene = add_character(bpy.context), bpy.context.scene
    data = bpy.data.cameras.new("Wide")
    data.lens, data.shift_x, data.shift_y = 60.0, 0.1, -0.05
    camera = bpy.data.objects.new("Wide", data)
    scene.collection.objects.link(camera)
    camera.location, camera.rotation_euler = (0.25, -1.4, 1.62), (math.radians(89), 0.0, 0.17)
    scene.camera = camera
    wall = bpy.data.objects.new("Wall", bpy.data.meshes.new("Wall"))
    wall.data.from_pydata([(-3, 1, -3), (3, 1, -3), (3, 1, 5), (-3, 1, 5)], [], [(0, 1, 2, 3)])
    scene.collection.objects.link(wall)
    scene.render.resolution_x, scene.render.resolution_y = 640, 480
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 1, False
    return rig


def pixels_of(path: Path) -> np.ndarray:
    """(H,W,4) of a PNG, its top row first."""
    image = bpy.data.images.load(str(path))
    flat = np.empty(image.size[0] * image.size[1] * 4, dtype=np.float32)
    image.pixels.foreach_get(flat)
    found = flat.reshape(image.size[1], image.size[0], 4)[::-1]
    bpy.data.images.remove(image)
    return found


def covered(shot: Shot, frame: int) -> np.ndarray:
    """(H,W) whether a pixel's middle lies in some triangle of the shot: slow and plain."""
    points = shot.vertices[frame].astype(np.float64)
    focal = shot.height / 2 / math.tan(shot.field_of_view / 2)
    screen = points[:, :2] / -points[:, 2:] * (focal, -focal) + (shot.width / 2, shot.height / 2)
    mask = np.zeros((shot.height, shot.width), dtype=bool)
    for a, b, c in screen[shot.subject.triangles]:
        low = np.maximum(np.floor(np.minimum(np.minimum(a, b), c)).astype(int), 0)
        high = np.minimum(np.ceil(np.maximum(np.maximum(a, b), c)).astype(int), (shot.width, shot.height))
        if (high <= low).any():
            continue
        x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
        sides = [(q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0]) for p, q in ((a, b), (b, c), (c, a))]
        inside = np.all([s >= 0 for s in sides], axis=0) | np.all([s <= 0 for s in sides], axis=0)
        mask[low[1] : high[1], low[0] : high[0]] |= inside
    return mask


def nearest_triangles(shot: Shot, frame: int, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The triangle seen through the middle of each pixel (K,), its depth there (K,) and its corners' weights (K,3)."""
    corners = shot.vertices[frame].astype(np.float64)[shot.subject.triangles]
    tangent = math.tan(shot.field_of_view / 2)
    found, depths, weights = [], [], []
    for row, column in pixels:
        sight = np.array([2 * (column + 0.5) / shot.width - 1, 1 - 2 * (row + 0.5) / shot.height, 0.0]) * tangent
        sight[2] = -1.0
        a, b, c = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        across = np.cross(sight, c)
        area = (b * across).sum(axis=1)
        inverse = np.divide(1.0, area, out=np.full_like(area, np.nan), where=area != 0.0)
        u = (-a * across).sum(axis=1) * inverse
        side = np.cross(-a, b)
        v = side @ sight * inverse
        depth = np.where((u >= 0) & (v >= 0) & (u + v <= 1), (c * side).sum(axis=1) * inverse, np.inf)
        found.append(int(np.argmin(depth)))
        depths.append(depth[found[-1]])
        weights.append((1 - u[found[-1]] - v[found[-1]], u[found[-1]], v[found[-1]]))
    return np.array(found), np.array(depths), np.array(weights)


def check_passes(shot: Shot, frame: int, path: Path, alpha: np.ndarray) -> None:
    """The passes of a frame are what sight lines through some pixels find on the shot."""
    with np.load(path) as data:
        passes = {name: data[name] for name in data.files}
    assert {name: (a.dtype, a.shape[2:]) for name, a in passes.items()} == {
        "depth": (np.float32, ()),
        "normal": (np.float32, (3,)),
        "uv": (np.float32, (2,)),
        "mask": (np.uint8, ()),
    }
    there = np.isfinite(passes["depth"])
    assert np.array_equal(there, passes["mask"] != NOTHING)
    assert (there & alpha).sum() / (there | alpha).sum() > 0.97
    some = np.argwhere(there & alpha)[::61]
    which, depth, weights = nearest_triangles(shot, frame, some)
    hit, at = np.isfinite(depth), tuple(some.T)
    assert hit.mean() > 0.95
    assert np.median(np.abs(passes["depth"][at] / depth - 1)[hit]) < 0.002
    uv = (weights[..., None] * shot.subject.uv[which]).sum(axis=1)
    assert np.median(np.abs(passes["uv"][at] - uv)[hit]) < 0.01
    assert (passes["mask"][at] == shot.subject.part_of_triangles()[which])[hit].mean() > 0.9
    corners = shot.vertices[frame].astype(np.float64)[shot.subject.triangles[which]]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-12
    turned = (flat * passes["normal"][at]).sum(axis=1).clip(-1, 1)
    assert np.median(np.arccos(np.abs(turned))[hit]) < 0.15
    assert np.median(turned[hit]) > 0.9
    assert len(set(passes["mask"][there].tolist())) >= 3


def test_frames_show_what_the_shot_says(tmp_path: Path) -> None:
    line = scenes.performance(seconds=1.0, fps=24.0)
    settings = SetSettings(SIZE, mixed=1, lines=(Line("hello", line, 2, held_out=True),))
    told: list[tuple[int, int]] = []
    training_set.render(
        bpy.context, filmed_character(), tmp_path, settings, lambda done, all_: told.append((done, all_))
    )
    document = json.loads((tmp_path / "set.json").read_text())
    shot = Shot.from_bytes((tmp_path / "shot.npz").read_bytes())
    assert document["splits"] == ["train"] * 4 + ["test"] * 2
    assert document["lines"] == ["sweep"] * 4 + ["hello"] * 2
    assert (document["version"], document["engine"], document["size"], document["fps"]) == (1, "CYCLES", SIZE, 24.0)
    assert told == [(number, 6) for number in range(7)]
    assert shot.frame_count == 6
    assert (shot.width, shot.height) == (SIZE, SIZE)
    for number in range(6):
        alpha = pixels_of(frame_path(tmp_path, number))[..., 3] > 0.5
        mask = covered(shot, number)
        assert (alpha & mask).sum() / (alpha | mask).sum() > 0.97, number
        if number in (1, 2):  # a blink, and a turned head
            check_passes(shot, number, passes_path(tmp_path, number), alpha)
    assert not list(tmp_path.rglob("*.part.*"))


def test_the_rig_is_in_the_state_that_was_asked_for(tmp_path: Path) -> None:
    rig = filmed_character()
    training_set.render(bpy.context, rig, tmp_path, SetSettings(16, mixed=0))
    blink = bpy.data.objects["Head"].data.shape_keys.key_blocks["eyeBlinkLeft"]
    values = []
    for frame in (1, 2, 3):
        bpy.context.scene.frame_set(frame)
        values.append(blink.value)
    assert values == pytest.approx([0.0, 1.0, 0.0])
    assert CHANNEL_INDEX["eyeBlinkLeft"] == 0


def test_a_set_that_was_cut_off_goes_on_and_leaves_what_is_there(tmp_path: Path) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 2:
            raise JobCancelled

    rig, settings = filmed_character(), SetSettings(16, mixed=0)
    with pytest.raises(JobCancelled):
        training_set.render(bpy.context, rig, tmp_path, settings, stop)
    frame_path(tmp_path, 1).unlink()  # as if it was cut off between passes and picture
    passes_path(tmp_path, 1).write_bytes(b"half")
    there = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "frames").iterdir()}
    assert sorted(there) == ["00000.png"]
    bpy.context.scene.camera = bpy.data.objects["Wide"]  # the copy that a set is rendered from has it still
    training_set.render(bpy.context, rig, tmp_path, settings)
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "frames").iterdir()}
    assert sorted(after) == ["00000.png", "00001.png", "00002.png"]
    assert {name: after[name] for name in there} == there
    for number in range(3):
        with np.load(passes_path(tmp_path, number)) as data:
            assert data["depth"].shape == (16, 16)


def test_another_set_in_the_folder_is_not_mixed_up_with_this_one(tmp_path: Path) -> None:
    rig = filmed_character()
    training_set.render(bpy.context, rig, tmp_path, SetSettings(16, mixed=0))
    with pytest.raises(RigError, match="another training set"):
        training_set.render(bpy.context, rig, tmp_path, SetSettings(16, mixed=1))


@pytest.mark.parametrize("change", ["mesh", "key", "camera", "damage"])
def test_a_set_goes_on_only_with_what_it_was_begun_with(change: str, tmp_path: Path) -> None:
    rig, settings = filmed_character(), SetSettings(16, mixed=0)
    training_set.render(bpy.context, rig, tmp_path, settings)
    frame_path(tmp_path, 1).unlink()
    frame, head, wide = frame_path(tmp_path, 0).read_bytes(), bpy.data.objects["Head"], bpy.data.objects["Wide"]
    bpy.context.scene.camera = wide
    rest = head.data.shape_keys.reference_key
    if change == "mesh":
        head.modifiers.new("Finer", "SUBSURF")
    elif change == "key":
        for point, before in zip(head.data.shape_keys.key_blocks["eyeBlinkLeft"].data, rest.data, strict=True):
            point.co = before.co
    elif change == "camera":
        wide.location.x += 0.5
    else:
        (tmp_path / "shot.npz").write_bytes(b"half")
    with pytest.raises(RigError, match="render the set anew"):
        training_set.render(bpy.context, rig, tmp_path, settings)
    assert frame_path(tmp_path, 0).read_bytes() == frame
    assert not frame_path(tmp_path, 1).exists()


def test_two_processes_do_not_render_one_set(tmp_path: Path) -> None:
    with held(tmp_path), pytest.raises(RigError, match="rendered already"):
        training_set.render(bpy.context, filmed_character(), tmp_path, SetSettings(16, mixed=0))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock"]


def test_a_lock_whose_process_was_killed_is_taken_over(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "from addon.core.lock import hold\n"
        "held = hold(Path(sys.argv[2])); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(ROOT), str(tmp_path / "lock")]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline().strip() == b"held"
    with pytest.raises(RigError, match="rendered already"), held(tmp_path):
        pass
    child.kill()
    child.wait()
    with held(tmp_path):
        assert (tmp_path / "lock").is_file()


def test_a_folder_that_cannot_be_written_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RigError, match="choose another folder"), held(tmp_path / "file"):
        pass


def test_channels_without_normals_are_no_passes() -> None:
    """What an engine as Workbench, which renders depth alone, leaves: no pass file, and no error."""
    from addon.preview.passes import ask_for_passes, passes_of
    from addon.preview.view import View, Window
    from addon.rig.discover import find_character

    labels = ask_for_passes(bpy.context.scene, find_character(filmed_character()))
    flat = np.zeros((4, 4), np.float32)
    channels = {f"{labels.layers[0]}.{name}": flat for name in ("Depth.Z", "Combined.A")}
    assert passes_of(channels, labels, View(np.eye(4), np.eye(4)), Window()) == {}


def test_pixels_at_an_outline_that_eevee_gives_the_end_of_the_cameras_range_show_nothing() -> None:
    from addon.preview.passes import ask_for_passes, passes_of
    from addon.preview.view import View, Window
    from addon.rig.discover import find_character

    labels = ask_for_passes(bpy.context.scene, find_character(filmed_character()))
    hit = np.array([[1.0, 0.0]], np.float32)
    named = {"Depth.Z": [[0.7, 1000.0]], "Combined.A": [[1.0, 0.3]], "Normal.X": [[0.0, 0.0]], "Normal.Z": [[0.0, 0.0]]}
    channels = {f"{labels.layers[0]}.{name}": np.array(values, np.float32) for name, values in named.items()}
    channels[f"{labels.layers[0]}.Normal.Y"] = -hit
    found = passes_of(channels, labels, View(np.eye(4), np.eye(4)), Window())
    assert np.isfinite(found["depth"]).tolist() == [[True, False]]
    assert found["normal"].any(axis=-1).tolist() == [[True, False]]
