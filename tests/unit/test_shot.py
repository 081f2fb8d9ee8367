"""A shot keeps its surface and its motion through bytes, and a wrong one is refused with a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from addon.core.errors import RequestError
from addon.core.shot import Shot, Subject, Surface


def shot_of(frames: int = 5) -> Shot:
    """A quad of two materials, one with a texture, that moves."""
    random = np.random.default_rng(3)
    surfaces = (
        Surface("Skin", "skin", (0.8, 0.6, 0.5), 0.3, random.integers(0, 255, (4, 8, 3), np.uint8)),
        Surface("Teeth", "mouth", (0.9, 0.9, 0.8)),
    )
    subject = Subject(
        triangles=np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32),
        uv=random.uniform(size=(2, 3, 2)).astype(np.float32),
        surface=np.array([0, 1], dtype=np.uint8),
        colours=random.uniform(size=(4, 3)).astype(np.float32),
        surfaces=surfaces,
        landmarks=np.full(70, -1, dtype=np.int32),
    )
    vertices = random.normal(size=(frames, 4, 3)) * 0.1 + (0, 0, -2)
    return Shot(subject, vertices, 0.4, 256, 192, 24.0, {"line": "plosives"})


def test_a_shot_survives_bytes_with_positions_to_a_hundredth_of_a_thousandth_of_its_extent() -> None:
    shot = shot_of()
    back = Shot.from_bytes(shot.to_bytes())
    extent = np.ptp(shot.vertices, axis=(0, 1))
    assert np.all(np.abs(back.vertices - shot.vertices).max(axis=(0, 1)) <= 1e-5 * extent)
    for name in ("triangles", "uv", "surface", "colours", "landmarks"):
        np.testing.assert_array_equal(getattr(back.subject, name), getattr(shot.subject, name))
    first, second = back.subject.surfaces
    assert first.texture is not None
    assert shot.subject.surfaces[0].texture is not None
    np.testing.assert_array_equal(first.texture, shot.subject.surfaces[0].texture)
    assert (second.name, second.part, second.colour, second.specular, second.texture) == (
        "Teeth",
        "mouth",
        (0.9, 0.9, 0.8),
        0.0,
        None,
    )
    assert (back.field_of_view, back.width, back.height, back.fps) == (0.4, 256, 192, 24.0)
    assert back.meta == {"line": "plosives"}


def test_parts_of_triangles_are_those_of_their_surfaces() -> None:
    assert shot_of().subject.part_of_triangles().tolist() == [0, 2]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"vertices": np.zeros((2, 3, 3))}, "shot.vertices"),
        ({"vertices": np.full((2, 4, 3), np.nan)}, "shot.finite"),
        ({"field_of_view": 0.0}, "shot.camera"),
        ({"width": 9000}, "shot.size"),
        ({"fps": 0.0}, "shot.fps"),
        ({"fps": -24.0}, "shot.fps"),
        ({"fps": float("nan")}, "shot.fps"),
        ({"fps": float("inf")}, "shot.fps"),
    ],
)
def test_a_shot_that_cannot_be_drawn_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(RequestError) as refusal:
        replace(shot_of(), **change)
    assert refusal.value.code == code


def test_a_surface_that_names_what_is_not_there_is_refused() -> None:
    subject = shot_of().subject
    for change in ({"triangles": subject.triangles + 2}, {"surface": subject.surface + 1}, {"uv": subject.uv[:1]}):
        with pytest.raises(RequestError):
            replace(subject, **change)


@pytest.mark.parametrize("keep", [0, 10, 400])
def test_bytes_that_are_no_shot_are_refused(keep: int) -> None:
    with pytest.raises(RequestError) as refusal:
        Shot.from_bytes(shot_of().to_bytes()[:keep])
    assert refusal.value.code == "shot.file"


def test_whatever_bytes_are_damaged_it_is_a_sentence_or_a_shot() -> None:
    whole, random = np.frombuffer(shot_of().to_bytes(), np.uint8), np.random.default_rng(5)
    refused = 0
    for _ in range(400):
        damaged = whole.copy()
        damaged[random.integers(0, len(whole), 4)] = random.integers(0, 256, 4)
        try:
            Shot.from_bytes(damaged.tobytes())
        except RequestError as refusal:
            assert refusal.message.endswith(".")  # noqa: PT017 - some damage does not show
            refused += 1
    assert refused > 200
