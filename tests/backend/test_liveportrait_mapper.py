"""The mapper: what it sees, and that it recovers latents that were drawn and rendered."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from addon.core.errors import RequestError
from addon.core.rotation import matrix_from_angles
from backend.cli import main
from backend.generator.interface import Portrait
from backend.generator.liveportrait import forward
from backend.generator.liveportrait.face_fit import CLICKED
from backend.generator.liveportrait.generator import LivePortrait
from backend.generator.liveportrait.mapper import Mapper, MapperConfig, load_mapper
from backend.generator.liveportrait.mapper_inputs import (
    VOICE,
    offsets_of_frames,
    offsets_of_landmarks,
    voice_of_visemes,
)
from backend.generator.liveportrait.pose import rotation_of_turn
from backend.generator.liveportrait.source import PortraitState
from backend.speech.visemes import VISEMES
from backend.training.mapper.draw import FRAMES, draw_clip, viseme_openings
from backend.training.mapper.learn import MapperRecipe, draw_lessons, learn_mapper, save_mapper, train_mapper
from backend.training.mapper.lessons import Lesson
from backend.training.solver import Schedule
from tests.backend.faces import performance_of, portrait_picture, portrait_points
from tests.backend.landmark_network import write_landmark_network
from tests.backend.portraits import TINY, TrackedPoints, random_networks, write_tree

PORTRAIT = Portrait(portrait_picture(), portrait_points()[list(CLICKED.values())], consent=True)
RECIPE = MapperRecipe(Path("weights"), clips=48, turn=0.0, width=64, schedule=Schedule(200, 1e-3))


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> LivePortrait:
    return LivePortrait(write_tree(random_networks(), tmp_path_factory.mktemp("weights") / "w"), TINY, "cpu")


@pytest.fixture(scope="module")
def state(generator: LivePortrait) -> PortraitState:
    return generator.prepare(PORTRAIT, lambda stage, share: None)


@pytest.fixture(scope="module")
def reader(generator: LivePortrait, state: PortraitState) -> TrackedPoints:
    driven = forward.stitched(generator.loaded, state.keypoints, state.keypoints)
    return TrackedPoints(forward.frames(generator.loaded, state.volume, state.keypoints, driven))


@pytest.fixture(scope="module")
def lessons(generator: LivePortrait, state: PortraitState, reader: TrackedPoints) -> list[Lesson]:
    return draw_lessons(RECIPE, generator, state, reader)


def test_known_latents_are_recovered_from_renders(lessons: list[Lesson], reader: TrackedPoints) -> None:
    """Root mean square error of held-out expressions over what was drawn; untrained, the mapper says rest: 1."""
    _, metrics = learn_mapper(RECIPE, lessons, reader.points)
    assert metrics["untrained"]["all"] == 1.0
    assert metrics["trained"]["all"] < 0.45
    assert metrics["trained"]["lips"] < 0.35
    assert metrics["trained"]["lips without voice"] < 0.35


def test_lessons_are_what_was_drawn(lessons: list[Lesson], generator: LivePortrait, state: PortraitState) -> None:
    rng = np.random.default_rng(RECIPE.seed)
    for lesson in lessons[:4]:
        drawn = draw_clip(rng, generator.loaded, state, RECIPE.turn)
        torch.testing.assert_close(lesson.expression, drawn.drive.expression)
        assert lesson.inputs.shape == (FRAMES, 2 * 64 + 4 + 2 + VOICE)
        np.testing.assert_array_equal(lesson.inputs[:, -VOICE:], drawn.voice)


def test_offsets_of_a_performance_are_what_its_frames_would_show() -> None:
    """Landmarks posed by hand and read off as a camera would see them give the same offsets, whatever the pose."""
    performance = performance_of(3)
    turn = matrix_from_angles(np.array([[0.2, 0.3, -0.4]] * 3))
    rotation = rotation_of_turn(torch.from_numpy(turn).float())
    points = tuple(range(48, 68))
    ours = offsets_of_landmarks(performance.landmarks, rotation, points)
    seen = 40.0 * (performance.landmarks @ turn.swapaxes(-1, -2))[:, list(points), :2] * np.array([1.0, -1.0])
    rest = 40.0 * (performance_of(1).landmarks @ turn[:1].swapaxes(-1, -2))[0, list(points), :2] * np.array([1.0, -1.0])
    read = offsets_of_frames(torch.tensor(seen), torch.tensor(rest), torch.full((3, 1), 40.0), rotation)
    torch.testing.assert_close(ours, read.float(), atol=1e-4, rtol=1e-3)
    upright = offsets_of_landmarks(performance.landmarks, torch.eye(3).expand(3, 3, 3), points)
    tilted = rotation_of_turn(torch.from_numpy(matrix_from_angles(np.array([[0.0, 0.0, 0.7]] * 3))).float())
    torch.testing.assert_close(offsets_of_landmarks(performance.landmarks, tilted, points), upright, atol=1e-5, rtol=0)


def test_the_voice_is_told_by_visemes_and_marked_as_unknown_without() -> None:
    voice = voice_of_visemes([["PP", 0.0, 0.2], ["aa", 0.2, 0.5]], 30.0, 15)
    assert voice.shape == (15, VOICE)
    assert voice[1, VISEMES.index("PP")] == 1.0
    assert voice[12, VISEMES.index("aa")] == 1.0
    assert (voice[:, -1] == 1.0).all()
    np.testing.assert_array_less(voice[:, :-1].sum(axis=1), 1.0 + 1e-6)
    assert not voice_of_visemes([], 30.0, 4).any()


def test_lips_open_for_vowels_and_close_for_bilabials() -> None:
    opening = dict(zip(VISEMES, viseme_openings(), strict=True))
    assert opening["PP"] < 0.05
    assert opening["sil"] == 0.0
    assert opening["aa"] > 0.3


def test_the_voice_says_what_landmarks_cannot() -> None:
    """Lips that no landmark shows, but a viseme does: with the voice they are known, without it they are not."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    made = []
    for _ in range(48):
        voice = np.zeros((FRAMES, VOICE), dtype=np.float32)
        voice[np.arange(FRAMES), rng.integers(15, size=FRAMES)] = 1.0
        voice[:, -1] = 1.0
        hidden = torch.from_numpy(voice[:, :15] @ np.linspace(-0.02, 0.02, 15, dtype=np.float32))
        shown = 0.01 * torch.randn(FRAMES)
        expression = torch.zeros(FRAMES, 21, 3)
        expression[:, 6, 1], expression[:, 1, 1] = hidden, shown
        offsets = torch.stack([shown, -shown], dim=-1)[:, None] * torch.ones(1, 4, 1)
        inputs = torch.cat([offsets.flatten(1), torch.zeros(FRAMES, 6), torch.from_numpy(voice)], dim=1)
        made.append(Lesson(inputs, expression, offsets))
    _, metrics = learn_mapper(RECIPE, made, (48, 54, 51, 57))
    assert metrics["trained"]["brows"] < 0.2
    assert metrics["trained"]["lips"] < 0.3
    assert metrics["trained"]["lips without voice"] > 0.9


def test_a_trained_mapper_is_found_beside_its_weights_and_drives_the_portrait(
    generator: LivePortrait, lessons: list[Lesson], reader: TrackedPoints, state: PortraitState
) -> None:
    files = generator.loaded.files
    few = MapperRecipe(Path("weights"), schedule=Schedule(2, 1e-3), width=32)
    mapper, metrics = learn_mapper(few, lessons, reader.points)
    save_mapper(few, mapper, generator, metrics, files.mapper)
    card = json.loads(files.mapper.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["weights_hash"] == generator.loaded.hash
    for entry in ("what", "data", "licence", "command", "seed", "metrics", "sha256"):
        assert card[entry] not in (None, ""), entry
    assert load_mapper(files.mapper, "another hash") is None
    again = LivePortrait(files.root, TINY, "cpu")
    assert again.mapper is not None
    track = again.latents(performance_of(4), state)
    assert track.meta["warnings"] == []
    flat = mapper.highest.reshape(21, 3)
    assert (track.curves["lips"].reshape(4, 6, 3) <= flat[[6, 12, 14, 17, 19, 20]].numpy() + 1e-6).all()
    files.mapper.with_suffix(".safetensors").write_bytes(b"short")
    with pytest.raises(RequestError, match="train it again"):
        LivePortrait(files.root, TINY, "cpu")
    files.mapper.with_suffix(".json").unlink()


def test_the_whole_recipe_reads_its_renders_with_the_landmark_network_of_the_folder(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    folder = write_tree(random_networks(), tmp_path / "w")
    recipe = MapperRecipe(folder, clips=16, width=16, schedule=Schedule(2, 1e-3))
    with pytest.raises(RequestError, match=r"put landmark\.onnx"):
        train_mapper(recipe, PORTRAIT, config=TINY)
    write_landmark_network(folder / "landmark.onnx")
    with pytest.raises(RequestError, match="has agreed"):
        train_mapper(recipe, replace(PORTRAIT, consent=False), config=TINY)
    metrics = train_mapper(recipe, PORTRAIT, config=TINY)
    assert metrics["clips"] == 16
    trained = LivePortrait(folder, TINY, "cpu")
    assert trained.mapper is not None
    assert trained.mapper.config.points == tuple(range(68))
    assert trained.mapper.input_spread[:136].min() > 1e-5


def test_an_untrained_mapper_rests_and_looks_at_seven_frames() -> None:
    mapper = Mapper(MapperConfig(points=(0, 1, 2)))
    inputs = torch.randn(1, 21, mapper.config.inputs)
    assert not mapper(inputs).any()
    torch.nn.init.normal_(mapper.leave.weight)
    changed = inputs.clone()
    changed[0, 10] += 1.0
    moved = (mapper(changed) - mapper(inputs))[0].abs().amax(dim=(1, 2)) > 1e-7
    assert moved.nonzero().flatten().tolist() == list(range(7, 14))


def test_too_few_clips_in_the_time_are_refused(
    generator: LivePortrait, state: PortraitState, reader: TrackedPoints
) -> None:
    hurried = MapperRecipe(Path("weights"), minutes=0.0)
    with pytest.raises(RequestError, match="more minutes"):
        draw_lessons(hurried, generator, state, reader)


def test_the_command_asks_for_weights_consent_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(portrait_picture()).save(tmp_path / "face.png")
    asked = ["train", "mapper", "--weights", str(tmp_path), "--portrait", str(tmp_path / "face.png"), "--click", "1,2"]
    assert main(asked) == 2
    assert "holds no LivePortrait weights" in capsys.readouterr().err
