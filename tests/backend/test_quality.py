"""Measures of pictures against values that are known."""

from __future__ import annotations

import numpy as np
import pytest

from backend.evaluation.reader import LandmarkReader
from backend.generator.quality import BACKGROUND, BEST, Box, box_around, composite, flicker, psnr, ssim


def noise(seed: int, size: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.2, 0.8, (size, size, 3))


@pytest.mark.parametrize(("error", "decibel"), [(0.1, 20.0), (0.01, 40.0), (1.0, 0.0)])
def test_psnr_of_a_constant_error(error: float, decibel: float) -> None:
    assert psnr(np.zeros((4, 4, 3)), np.full((4, 4, 3), error)) == pytest.approx(decibel)


def test_psnr_of_equal_pictures_is_bounded() -> None:
    assert psnr(noise(1), noise(1)) == BEST


def test_ssim_is_one_for_equal_pictures_and_falls_with_noise_and_contrast() -> None:
    picture = noise(2)
    assert ssim(picture, picture) == pytest.approx(1.0)
    slightly = ssim(picture, picture + 0.05 * (noise(3) - 0.5))
    badly = ssim(picture, noise(4))
    assert badly < 0.3 < slightly < 1.0


def test_ssim_of_two_even_greys_is_its_brightness_term() -> None:
    """With no variance left, SSIM is (2 a b + c) / (a a + b b + c), c = 0.0001."""
    one, other = np.full((32, 32, 3), 0.2), np.full((32, 32, 3), 0.6)
    assert ssim(one, other) == pytest.approx((2 * 0.12 + 1e-4) / (0.04 + 0.36 + 1e-4))


def test_flicker_sees_change_that_the_truth_has_not_and_no_constant_error() -> None:
    still = np.repeat(noise(5)[None], 5, axis=0)
    assert flicker(still + 0.1, still) == pytest.approx(0.0, abs=1e-9)
    blinking = still + 0.05 * np.array([1, -1, 1, -1, 1])[:, None, None, None]
    assert flicker(blinking, still) == pytest.approx(25.5)
    assert flicker(still[:1], still[:1]) == 0.0


def test_alpha_is_laid_over_grey() -> None:
    rgb, alpha = np.full((1, 2, 3), 255, np.uint8), np.array([[255, 0]], np.uint8)
    np.testing.assert_allclose(composite(rgb, alpha)[0, :, 0], [1.0, BACKGROUND])


def test_a_box_keeps_to_the_picture_and_is_never_empty() -> None:
    assert box_around(np.array([[10.0, 20.0], [30.0, 40.0]]), 0.5, 50, 35) == Box(0, 10, 35, 50)
    beyond = box_around(np.array([[-9.0, 80.0]]), 0.1, 50, 35)
    assert beyond.of(np.zeros((50, 35, 3))).size > 0


def test_the_reader_finds_where_a_spot_is_in_pictures_it_never_saw() -> None:
    rng = np.random.default_rng(6)
    centres = rng.uniform(20, 44, (80, 2))
    y, x = np.mgrid[:64, :64]
    spots = np.exp(-((x - centres[:, 0, None, None]) ** 2 + (y - centres[:, 1, None, None]) ** 2) / 50)
    pictures = np.full((80, 64, 64, 4), 255, np.uint8)
    pictures[..., :3] = (255 * spots[..., None]).astype(np.uint8)
    points = centres[:, None]
    reader = LandmarkReader.learned(pictures[:60], points[:60], Box(0, 0, 64, 64))
    error = np.linalg.norm(reader.read(pictures[60:]) - points[60:], axis=-1)
    assert error.mean() < 1.0
    assert np.linalg.norm(points[60:] - points[:60].mean(axis=0), axis=-1).mean() > 6.0
