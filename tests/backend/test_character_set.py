"""The set that a character is learned from: how it is split, what is wrong with it, where its colours begin."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from addon.core.errors import RequestError
from backend.generator.character.body import Plan, base_texels, own_uv
from backend.generator.character.check import doubts
from backend.generator.character.dataset import read_set
from backend.generator.raster.texture import Layout
from tests.backend.painted import SIZE, ball, moving, rendered_set


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rendered_set(tmp_path_factory.mktemp("set"))


def test_a_set_keeps_tested_lines_apart_and_a_trained_one_for_validation(folder: Path) -> None:
    rendered = read_set(folder)
    learned, held = rendered.learning()
    assert {rendered.lines[k] for k in held} == {"second"}
    assert {rendered.lines[k] for k in learned} == {"sweep", "first"}
    assert {rendered.lines[k] for k in rendered.numbers("test")} == {"third"}
    assert [len(piece) for piece in rendered.pieces(rendered.numbers("test"))] == [6]


def test_frames_that_the_set_names_for_validation_are_taken(folder: Path) -> None:
    rendered = read_set(folder)
    splits = ("validation", *rendered.splits[1:])
    learned, held = replace(rendered, splits=splits).learning()
    assert held.tolist() == [0]
    assert learned.tolist() == list(range(1, 20))


def test_a_set_of_one_line_lends_every_tenth_frame(folder: Path) -> None:
    rendered = read_set(folder)
    learned, held = replace(rendered, lines=("sweep",) * 26).learning()
    assert len(held) == 2
    assert not set(held) & set(learned)


def test_geometry_that_is_not_what_the_pictures_show_is_told(folder: Path, tmp_path: Path) -> None:
    rendered = read_set(folder)
    assert not doubts(rendered, folder)
    beside = replace(rendered.shot, vertices=rendered.shot.vertices + np.array([0.6, 0, 0], np.float32))
    assert "covers what the renders show" in doubts(replace(rendered, shot=beside), folder)[0]
    (tmp_path / "passes").mkdir()
    for number in range(rendered.shot.frame_count):
        passes = {"depth": np.full((SIZE, SIZE), 9.0), "normal": np.tile([1.0, 0.0, 0.0], (SIZE, SIZE, 1))}
        np.savez(tmp_path / "passes" / f"{number:05d}.npz", **passes)
    said = " ".join(doubts(rendered, tmp_path))
    assert "Depth differs" in said
    assert "Normals differ" in said


@pytest.mark.parametrize("shift", [-5, -1, 1, 3])
def test_pictures_that_are_shifted_against_their_poses_are_told(folder: Path, shift: int) -> None:
    rendered = read_set(folder)
    said = doubts(replace(rendered, pictures=np.roll(rendered.pictures, shift, axis=0)), folder)
    told = f"picture of frame {max(shift, 0)} shows the pose of frame {max(-shift, 0)}"
    assert any(told in sentence for sentence in said)


@pytest.mark.parametrize(("seed", "spread"), [(2, 0.5), (3, 0.02), (4, 0.0)])
def test_true_sets_raise_no_doubt_however_much_or_little_moves(tmp_path: Path, seed: int, spread: float) -> None:
    folder = rendered_set(tmp_path, 9, 3, seed=seed, spread=spread)
    assert not doubts(read_set(folder), folder)


def test_an_empty_frame_and_a_damaged_pass_are_told(folder: Path, tmp_path: Path) -> None:
    rendered = read_set(folder)
    (tmp_path / "passes").mkdir()
    for number in range(rendered.shot.frame_count):
        depth = {"depth": np.full((SIZE, SIZE), np.inf), "normal": np.zeros((SIZE, SIZE, 3))}
        np.savez(tmp_path / "passes" / f"{number:05d}.npz", **depth)
    behind = replace(rendered.shot, vertices=rendered.shot.vertices + np.array([0, 0, 60], np.float32))
    assert "covers what the renders show to 0 %" in doubts(replace(rendered, shot=behind), tmp_path)[0]
    (tmp_path / "passes" / "00000.npz").write_bytes(b"PK nothing")
    with pytest.raises(RequestError, match="pass of the training set is damaged"):
        doubts(rendered, tmp_path)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("version", "another version"),
        ("folder", "not a training set"),
        ("shot", "no shot.npz"),
        ("frames", "differ in frames"),
        ("split", "lines apart"),
        ("missing", "missing or damaged"),
        ("opaque", "no alpha"),
        ("size", "shot's size"),
    ],
)
def test_what_is_wrong_with_a_set_is_said(tmp_path: Path, wrong: str, sentence: str) -> None:
    folder = rendered_set(tmp_path / "set", 9, 2)
    described = json.loads((folder / "set.json").read_text(encoding="utf-8"))
    frame = folder / "frames" / "00003.png"
    if wrong == "version":
        described["version"] = 9
    elif wrong == "folder":
        del described["lines"]
    elif wrong == "shot":
        (folder / "shot.npz").unlink()
    elif wrong == "frames":
        described["lines"], described["splits"] = described["lines"][1:], described["splits"][1:]
    elif wrong == "split":
        described["lines"] = ["one"] * len(described["lines"])
    elif wrong == "missing":
        frame.unlink()
    elif wrong == "opaque":
        Image.new("RGB", (SIZE, SIZE)).save(frame)
    else:
        Image.new("RGBA", (SIZE, 32)).save(frame)
    (folder / "set.json").write_text(json.dumps(described), encoding="utf-8")
    with pytest.raises(RequestError, match=sentence):
        read_set(folder)


def test_the_texture_begins_with_the_surfaces_own_colours() -> None:
    subject = ball()
    plan = Plan.of(moving(2, 0, subject))
    layout = Layout.of([(side, side) for side in plan.sides])
    texels = base_texels(subject, layout)
    eyes = texels[int(layout.first[1]) : int(layout.first[2])]
    assert eyes.mean().item() == pytest.approx(0.9547, abs=1e-3)  # sRGB of linear 0.9
    skin = texels[: int(layout.first[1])]
    assert 0.55 < skin[:, 0].median() < 0.85
    assert skin[:, 0].std() > 0.05


def test_every_surface_has_a_texture_to_itself() -> None:
    subject = ball()
    uv = own_uv(subject)
    for number in range(3):
        mine = uv[subject.surface == number]
        assert mine.min(axis=(0, 1)) == pytest.approx([0.02, 0.02])
        assert mine.max(axis=(0, 1)) == pytest.approx([0.98, 0.98])
