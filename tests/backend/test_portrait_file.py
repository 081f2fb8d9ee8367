"""A portrait as it comes with a request: turned upright, and the points on it with it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from addon.core.errors import RequestError
from addon.core.preview import PreviewRequest
from backend.generator.liveportrait.face_fit import CLICKED
from backend.generator.liveportrait.generator import LivePortrait
from backend.generator.portrait_file import portrait_of
from tests.backend.faces import performance_of, portrait_picture, portrait_points
from tests.backend.portraits import TINY, random_networks, write_tree

SPOTS = ((20.0, 10.0), (60.0, 10.0), (40.0, 20.0), (25.0, 30.0), (55.0, 30.0), (40.0, 44.0))


def spotted() -> Image.Image:
    """A black picture with a spot of its own grey at each of SPOTS."""
    pixels = np.zeros((50, 80, 3), np.uint8)
    for number, (across, down) in enumerate(SPOTS):
        pixels[int(down), int(across)] = 100 + 20 * number
    return Image.fromarray(pixels)


def a_request(picture: Image.Image, orientation: int = 1, **changes: Any) -> PreviewRequest:
    exif, file = Image.Exif(), io.BytesIO()
    exif[ExifTags.Base.Orientation] = orientation
    picture.save(file, "PNG", exif=exif)
    usual: dict[str, Any] = {"points": tuple((x + 0.5, y + 0.5) for x, y in SPOTS), "consent": True}
    return PreviewRequest("liveportrait", "draft", b"1", portrait=file.getvalue(), **(usual | changes))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_points_stay_where_they_are_however_the_camera_was_held(orientation: int) -> None:
    portrait = portrait_of(a_request(spotted(), orientation))
    assert portrait.points is not None
    across, down = portrait.points.astype(int).T
    np.testing.assert_array_equal(portrait.picture[down, across, 0], [100, 120, 140, 160, 180, 200])


def test_without_points_there_are_none() -> None:
    assert portrait_of(a_request(spotted(), points=())).points is None


def test_points_beside_the_picture_are_refused() -> None:
    with pytest.raises(RequestError, match="outside the portrait"):
        portrait_of(a_request(spotted(), points=(*SPOTS[:5], (40.0, 51.0))))


def test_points_of_a_request_are_what_a_portrait_is_drawn_from(tmp_path: Any) -> None:
    """Without a landmark network: the same frames as from clicks, and none at all without the points."""
    generator = LivePortrait(write_tree(random_networks(), tmp_path / "weights"), TINY, "cpu")
    clicks = portrait_points()[list(CLICKED.values())]
    request = a_request(Image.fromarray(portrait_picture()), points=tuple((float(x), float(y)) for x, y in clicks))
    state = generator.prepare(portrait_of(request), lambda _stage, _done: None)
    track = generator.latents(performance_of(2), state)
    frames = list(generator.render(state, track, "final", lambda _stage, _done: None))
    assert [frame.rgb.shape for frame in frames] == [(420, 480, 3)] * 2
    with pytest.raises(RequestError, match="Click these points"):
        generator.prepare(
            portrait_of(a_request(Image.fromarray(portrait_picture()), points=())), lambda _stage, _done: None
        )
