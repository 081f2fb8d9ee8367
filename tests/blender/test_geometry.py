"""Heads whose keys have names that say nothing are bound by their shapes, and perform as they do by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy
import numpy as np
import pytest

from addon import registry
from addon.core.errors import RigError
from addon.core.landmarks import LANDMARKS_PROPERTY, landmarks_of
from addon.core.performance import Performance
from addon.rig import geometry, landmark_empties, notes, take
from addon.rig.discover import find_character
from addon.rig.parts import Fit
from tests.blender import scenes, test_conventions

WITHIN = 0.15
ICT = "ict_facekit/ict_head_arkit51.glb"
FACECAP = "facecap_arkit52/facecap_plain.glb"


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Performance:
    """The shipped line, from the backend that SOLILOQUY_BACKEND_PYTHON names; whose landmarks are a face's."""
    if not os.environ.get("SOLILOQUY_BACKEND_PYTHON"):
        pytest.skip("needs the backend, whose Python SOLILOQUY_BACKEND_PYTHON names")
    return test_conventions.perform_line(tmp_path_factory.mktemp("line") / "line.npz")


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    registry.register()
    yield
    registry.unregister()


def scramble(head: bpy.types.Object) -> dict[str, str]:
    """Give every key a number for a name, in an order of no meaning; the new names by the old."""
    blocks = list(head.data.shape_keys.key_blocks)[1:]
    numbers = np.random.default_rng(3).permutation(len(blocks))
    renamed = {block.name: f"target {number}" for block, number in zip(blocks, numbers, strict=True)}
    for block in blocks:
        block.name = renamed[block.name]
    return renamed


def bind(head: bpy.types.Object) -> None:
    bpy.context.scene.soliloquy.character = head
    assert bpy.ops.soliloquy.bind() == {"FINISHED"}


@pytest.mark.parametrize("file", test_conventions.HEADS)
def test_a_scrambled_head_performs_as_the_named_one(
    shared_data: Path, file: str, line: Performance, record_property: Callable[[str, object], None]
) -> None:
    head, opening = test_conventions.load(shared_data, file), test_conventions.HEADS[file][1]
    named_closed, named_open = test_conventions.measure(head, opening, line)
    bpy.ops.soliloquy.remove()
    opening = scramble(head)[opening]
    bind(head)
    assert "by geometry" in find_character(head).coverage
    closed, wide = test_conventions.measure(head, opening, line)
    record_property("named", (max(named_closed.values()), min(named_open.values())))
    record_property("geometry", (max(closed.values()), min(wide.values())))
    record_property("off", max(abs(value / named_open[at] - 1) for at, value in wide.items()))
    for at, value in wide.items():
        assert value == pytest.approx(named_open[at], rel=WITHIN)
    for at, value in closed.items():
        assert value == pytest.approx(named_closed[at], abs=WITHIN)
        assert value <= test_conventions.CLOSED


def _keyed(head: bpy.types.Object) -> list[bytes]:
    """The keys of a short line, baked and taken away again."""
    report = take.apply(bpy.context.scene, head, test_conventions._by_hand(), take.Take("line", None, 1))
    take.remove(bpy.context.scene, head)
    return [track.values.tobytes() for track in report.tracks]


def test_landmarks_can_be_moved_by_hand_as_empties(shared_data: Path) -> None:
    head = test_conventions.load(shared_data, FACECAP)
    scramble(head)
    bind(head)
    before = dict(landmarks_of(head[LANDMARKS_PROPERTY]))
    assert landmark_empties.show(bpy.context, head) == len(before)
    chin = next(e for e in head.children if e.get(landmark_empties.EMPTY_PROPERTY) == 8)
    chin.location = head.data.vertices[before[30]].co
    keyed = _keyed(head)
    assert landmark_empties.take_over(head, find_character(head)) == 1
    assert _keyed(head) != keyed  # the next bake is solved for the landmarks as they stand now
    after = dict(landmarks_of(head[LANDMARKS_PROPERTY]))
    np.testing.assert_allclose(head.data.vertices[after[8]].co, head.data.vertices[before[30]].co, atol=1e-6)
    assert {n: v for n, v in after.items() if n != 8} == {n: v for n, v in before.items() if n != 8}
    assert not [e for e in head.children if landmark_empties.EMPTY_PROPERTY in e]


def test_a_mesh_without_a_mouth_is_refused_with_a_sentence() -> None:
    cube = scenes.add_mesh("Cube", ("a", "b", "c", "d", "e"))
    bpy.context.scene.soliloquy.character = cube
    with pytest.raises(RuntimeError, match="opens a mouth"):
        bpy.ops.soliloquy.bind()
    assert not notes.is_fitted(cube)


def test_a_mesh_that_changed_since_is_refused(shared_data: Path) -> None:
    head = test_conventions.load(shared_data, FACECAP)
    bind_by_hand = dict.fromkeys(range(70), 10**6)
    geometry.note(head, bind_by_hand)
    with pytest.raises(RigError, match="has changed since"):
        geometry.face_fit(Fit(head), find_character(head))


def test_the_residual_is_told_for_each_region_in_millimetres(shared_data: Path, line: Performance) -> None:
    head = test_conventions.load(shared_data, FACECAP)
    scramble(head)
    bind(head)
    report = take.apply(bpy.context.scene, head, line, take.Take("line", None, 1))
    (said,) = [note for note in report.notes if "mm of a human face" in note]
    assert all(region in said for region in ("mouth", "eyes", "brows", "nose", "jaw"))
