"""From an Image Editor's view to fractions of the picture and its pixels."""

from __future__ import annotations

import pytest

from addon.core.preview import FACE_POINTS
from addon.preview.face_points import in_pixels, in_words, place_of, prompt, view_of


@pytest.mark.parametrize(
    ("view", "place"), [((0.0, 1.0), (0.0, 0.0)), ((0.25, 0.125), (0.25, 0.875)), ((1.0, 0.0), (1.0, 1.0))]
)
def test_places_count_from_the_upper_left_corner(view: tuple[float, float], place: tuple[float, float]) -> None:
    assert place_of(view) == place
    assert view_of(place) == view


@pytest.mark.parametrize("view", [(-0.01, 0.5), (1.01, 0.5), (0.5, -0.01), (0.5, 1.01), (float("nan"), 0.5)])
def test_beside_the_picture_there_is_no_place(view: tuple[float, float]) -> None:
    assert place_of(view) is None


def test_pixels_are_of_the_picture_as_it_is() -> None:
    assert in_pixels(((0.25, 0.5), (1.0, 0.0)), (480, 420)) == ((120.0, 210.0), (480.0, 0.0))


def test_each_point_is_asked_for_by_its_number_and_side() -> None:
    asked = [prompt(placed) for placed in range(len(FACE_POINTS))]
    assert [f", {number + 1} of 6." in text for number, text in enumerate(asked)] == [True] * 6
    for name, text in zip(FACE_POINTS, asked, strict=True):
        assert all(word in text for word in name.split())
    assert in_words(6) == "6 of 6 points placed"
    assert "landmark.onnx" in in_words(0)
