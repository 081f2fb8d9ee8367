"""A character learned from its renders: that it learns, stops, goes on, exports and paints, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from addon.core.errors import JobCancelled, RequestError
from addon.core.performance import Performance
from addon.core.preview import PreviewRequest
from backend.cli import main
from backend.evaluation.painting import evaluate_character
from backend.generator.character.body import screen_points
from backend.generator.character.checkpoint import LAST
from backend.generator.character.dataset import read_set
from backend.generator.character.export import export
from backend.generator.character.folder import CARD, WEIGHTS, read_character
from backend.generator.character.generator import CharacterGenerator, painter_of
from backend.generator.character.network import STRIDE
from backend.generator.character.pictures import resized
from backend.generator.character.settings import PainterConfig, TrainingConfig
from backend.generator.character.status import STATUS, STOP
from backend.generator.character.training import Trainer, train
from backend.generator.film import show
from backend.generator.warm import Warm
from tests.backend.painted import SIZE, ball, moving, rendered_set

SMALL = PainterConfig(texture=6, widths=(16, 24, 32), detail=8)
SHORT = TrainingConfig(minutes=60.0, steps=90, batch=4, every=30, painter=SMALL)


def quietly(_stage: str, _share: float) -> None: ...


def silent() -> Performance:
    shapes = {"landmarks": (70, 3), "gaze": (2, 2), "head": (6,), "channels": (52,), "emotion": (9,)}
    return Performance(24.0, **{name: np.zeros((2, *shape), np.float32) for name, shape in shapes.items()})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rendered_set(tmp_path_factory.mktemp("set"))


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Trainer]]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("character")
    trainer = Trainer(read_set(folder), out, SHORT, "cpu")
    trainer.run(quietly)
    yield out, trainer
    torch.set_num_threads(threads)


def test_training_rises_well_above_the_mean_picture_on_a_line_it_never_saw(trained: tuple[Path, Trainer]) -> None:
    _, trainer = trained
    rendered, crops = trainer.material.rendered, trainer.material.crops
    numbers = rendered.numbers("test")
    learned, _ = rendered.learning()
    mean = np.round(rendered.pictures[learned].mean(axis=0)).astype(np.uint8)
    blind = crops.scores(np.stack([mean] * len(numbers)), rendered.pictures[numbers], numbers)
    seeing = crops.scores(trainer.paint(numbers), rendered.pictures[numbers], numbers)
    assert seeing["full"] > blind["full"] + 3
    assert seeing["mouth"] > blind["mouth"] + 3
    assert seeing["eyes"] > blind["eyes"] + 3


def test_the_folder_tells_how_it_stands(trained: tuple[Path, Trainer]) -> None:
    out, _ = trained
    status = json.loads((out / STATUS).read_text(encoding="utf-8"))
    assert (status["state"], status["step"]) == ("done", 90)
    assert set(status["best"]) == {"full", "face", "mouth", "eyes"}
    with Image.open(out / "preview.png") as preview:
        assert preview.size == (3 * SIZE, 2 * SIZE)
    card = json.loads((out / CARD).read_text(encoding="utf-8"))
    assert card["metrics"]["validation_psnr_db"].keys() == status["best"].keys()


def test_what_was_saved_paints_the_same(trained: tuple[Path, Trainer], folder: Path, tmp_path: Path) -> None:
    out, trainer = trained
    numbers = np.arange(3)
    for name in (LAST, WEIGHTS, CARD):
        (tmp_path / name).write_bytes((out / name).read_bytes())
    again = Trainer(read_set(folder), tmp_path, SHORT, "cpu")
    assert again.progress.step == trainer.progress.step
    np.testing.assert_array_equal(again.paint(numbers), trainer.paint(numbers))


def test_a_training_in_two_parts_is_the_training_in_one(folder: Path, tmp_path: Path) -> None:
    rendered, config = read_set(folder), replace(SHORT, steps=6, every=3)
    whole = Trainer(rendered, tmp_path / "whole", config, "cpu")
    whole.run(quietly)
    first = Trainer(rendered, tmp_path / "parts", config, "cpu")

    def interrupted(_stage: str, _share: float) -> None:
        if first.progress.step == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        first.run(interrupted)
    second = Trainer(rendered, tmp_path / "parts", config, "cpu")
    assert second.progress.step == 3
    second.run(quietly)
    for one, other in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_what_is_left_of_another_network_or_damaged_is_told_and_touches_nothing(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rendered, config = read_set(folder), replace(SHORT, steps=1)
    train(rendered, tmp_path, config, "cpu", quietly)
    wider = replace(config, painter=replace(SMALL, detail=12))
    anew, fresh = (Trainer(rendered, place, wider, "cpu") for place in (tmp_path, tmp_path / "none"))
    assert anew.progress.step == 0
    assert "of another network" in caplog.text
    for one, other in zip(anew.model.parameters(), fresh.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    other = Trainer(replace(rendered, splits=("validation", *rendered.splits[1:])), tmp_path, config, "cpu")
    assert (other.progress.step, "other frames" in caplog.text) == (0, True)
    for damaged in (b"no tensors", (tmp_path / WEIGHTS).read_bytes()):
        (tmp_path / LAST).write_bytes(damaged)
        with pytest.raises(RequestError, match="delete the file to begin anew"):
            Trainer(rendered, tmp_path, config, "cpu")


def test_minutes_and_steps_count_what_was_learned_before(folder: Path, tmp_path: Path) -> None:
    rendered, config = read_set(folder), replace(SHORT, steps=2)
    assert train(rendered, tmp_path, config, "cpu", quietly).step == 2
    assert train(rendered, tmp_path, config, "cpu", quietly).step == 2
    assert train(rendered, tmp_path, replace(config, steps=3), "cpu", quietly).step == 3


def test_a_file_called_stop_ends_it_and_keeps_the_best(folder: Path, tmp_path: Path) -> None:
    def put_stop(_stage: str, _share: float) -> None:
        (tmp_path / STOP).touch()

    status = train(read_set(folder), tmp_path, replace(SHORT, every=5), "cpu", put_stop)
    assert status.state == "stopped"
    assert status.step < 5
    assert (tmp_path / WEIGHTS).is_file()
    assert not (tmp_path / STOP).exists()


def test_a_stop_while_the_frames_are_read_counts_and_one_that_was_left_does_not(folder: Path, tmp_path: Path) -> None:
    trainer = Trainer(read_set(folder), tmp_path, SHORT, "cpu")
    (tmp_path / STOP).touch()
    status = trainer.run(quietly)
    assert (status.state, status.step) == ("stopped", 1)
    command = ["train", "character", "--set", str(folder), "--out", str(tmp_path / "new"), "--steps", "2"]
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / STOP).touch()
    assert main(command) == 0
    assert json.loads((tmp_path / "new" / STATUS).read_text(encoding="utf-8"))["state"] == "done"


def test_it_ends_early_when_nothing_is_gained(folder: Path, tmp_path: Path) -> None:
    config = replace(SHORT, steps=60, every=1, patience=3, rate=0.0, texture_rate=0.0)
    status = train(read_set(folder), tmp_path, config, "cpu", quietly)
    assert status.state == "enough"
    assert status.step < 60


def test_a_set_too_small_is_refused_and_the_folder_says_why(folder: Path, tmp_path: Path) -> None:
    rendered = read_set(folder)
    few = replace(rendered, splits=("train",) * 4 + ("test",) * 22, lines=("sweep",) * 4 + ("third",) * 22)
    with pytest.raises(RequestError, match="too small"):
        train(few, tmp_path, SHORT, "cpu", quietly)
    status = json.loads((tmp_path / STATUS).read_text(encoding="utf-8"))
    assert status["state"] == "failed"
    assert "too small" in status["message"]


def test_onnxruntime_paints_what_torch_paints_in_any_window(trained: tuple[Path, Trainer]) -> None:
    read = read_character(trained[0])
    export(read)
    channels, plan = SMALL.features, read.plan
    for frames, height, width in ((1, 4 * STRIDE, 3 * STRIDE), (2, 2 * STRIDE, 5 * STRIDE)):
        given = [
            torch.rand(frames * (1 + (k == 2)), channels, *size)
            for k, size in enumerate(((height, width), (plan.mouth,) * 2, (plan.eye,) * 2))
        ]
        with torch.inference_mode():
            expected = read.model.painter(*given)
            made = painter_of(read, "cpu")(*given)
        for one, other in zip(made, expected, strict=True):
            torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_the_generator_paints_a_new_shot_and_its_alpha(trained: tuple[Path, Trainer]) -> None:
    out, _ = trained
    shot = moving(2, 9, ball())
    generator = CharacterGenerator(out)
    state = generator.prepare(shot, quietly)
    track = generator.latents(silent(), state)
    for quality in ("draft", "final"):
        pictures = list(generator.render(state, track, quality, quietly))
        assert [picture.number for picture in pictures] == [0, 1]
        points = screen_points(shot)[0]
        middle = points[:, 1].mean().round().astype(int), points[:, 0].mean().round().astype(int)
        assert pictures[0].alpha[middle] > 200
        assert pictures[0].alpha[0, 0] < 30
    larger = generator.prepare(replace(shot, width=96, height=96), quietly)
    assert next(iter(generator.render(larger, track, "draft", quietly))).rgb.shape == (96, 96, 3)


def test_adapting_trains_into_the_folder_and_can_paint_at_once(folder: Path, tmp_path: Path) -> None:
    """However little time it is given: what the surface's own colours make is kept."""
    shot = moving(1, 5, ball())
    generator = CharacterGenerator(tmp_path)
    state = generator.adapt(generator.prepare(shot, quietly), folder, 1e-6, quietly)
    assert state.trained is not None
    assert (tmp_path / "character.onnx").is_file()
    assert next(iter(generator.render(state, generator.latents(silent(), state), "draft", quietly))).alpha.any()


def test_another_surface_and_an_untrained_folder_are_refused(trained: tuple[Path, Trainer], tmp_path: Path) -> None:
    shot = moving(1, 3, ball())
    other = replace(shot, subject=replace(shot.subject, uv=shot.subject.uv * 0.5))
    with pytest.raises(RequestError, match="another surface"):
        CharacterGenerator(trained[0]).prepare(other, quietly)
    generator = CharacterGenerator(tmp_path)
    state = generator.prepare(shot, quietly)
    with pytest.raises(RequestError, match="not been trained"):
        list(generator.render(state, generator.latents(silent(), state), "draft", quietly))
    (tmp_path / CARD).write_text("{}", encoding="utf-8")
    with pytest.raises(RequestError, match="No trained character"):
        generator.prepare(shot, quietly)
    with pytest.raises(RequestError, match="draft, final"):
        next(generator.render(state, generator.latents(silent(), state), "best", quietly))


def test_a_preview_that_is_cancelled_leaves_torch_its_threads(trained: tuple[Path, Trainer]) -> None:
    def cancelled(_number: int, _total: int, _png: bytes) -> None:
        assert torch.get_num_threads() != threads
        raise JobCancelled

    shot, before = moving(9, 9, ball()).to_bytes(), torch.get_num_threads()
    threads = (os.cpu_count() or 1) // 2 + 1  # neither what painting sets nor likely to be there
    request = PreviewRequest("character", "draft", silent().to_bytes(), shot, folder=str(trained[0]))
    torch.set_num_threads(threads)
    try:
        with pytest.raises(JobCancelled) as held:  # what is raised keeps all frames of the stack alive
            show(request, quietly, cancelled)
        assert held.value is not None
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_a_second_preview_of_a_character_does_not_read_it_again(trained: tuple[Path, Trainer], tmp_path: Path) -> None:
    place = shutil.copytree(trained[0], tmp_path / "character")
    warm, shots = Warm(), (moving(1, 3, ball()), moving(2, 4, ball()))
    first, second = (warm.open("character", str(place)).prepare(shot, quietly) for shot in shots)
    assert second.trained is first.trained is not None
    (place / WEIGHTS).touch()
    third = warm.open("character", str(place)).prepare(shots[0], quietly)
    assert third.trained is not first.trained
    assert warm.open("raster") is warm.open("raster")
    assert warm.open("character", str(place)).prepare(shots[0], quietly).trained is not third.trained
    with pytest.raises(RequestError):
        warm.open("painting")


def test_the_evaluation_tells_painted_from_rendered_and_from_the_mean_picture(
    trained: tuple[Path, Trainer], folder: Path, tmp_path: Path
) -> None:
    report = evaluate_character(trained[0], folder, tmp_path)
    assert report["draft"]["psnr_db"]["full"] > report["mean_picture"]["full"] + 3
    assert 0.5 < report["draft"]["ssim"]["face"] <= 1.0
    assert report["draft"]["landmarks_px"]["between"] < SIZE / 4
    assert min(report[quality]["frames_per_second"] for quality in ("draft", "final")) > 0
    assert set(report["cpu_ms_per_frame"]) == {"raster", "sampling", "network"}
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == report
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 4 * SIZE


def test_a_set_without_test_frames_is_not_measured(trained: tuple[Path, Trainer], tmp_path: Path) -> None:
    only = tmp_path / "set"
    rendered_set(only, 12, 0)
    with pytest.raises(RequestError, match="held-out"):
        evaluate_character(trained[0], only, tmp_path)


def test_a_set_of_another_surface_or_size_is_not_measured(
    trained: tuple[Path, Trainer], folder: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(folder, tmp_path / "set")
    shot = read_set(folder).shot
    stretched = replace(shot.subject, uv=shot.subject.uv * 0.5)
    (other / "shot.npz").write_bytes(replace(shot, subject=stretched).to_bytes())
    with pytest.raises(RequestError, match="another surface"):
        evaluate_character(trained[0], other, tmp_path)
    (other / "shot.npz").write_bytes(replace(shot, width=48, height=48).to_bytes())
    for path in (other / "frames").iterdir():
        Image.fromarray(resized(np.asarray(Image.open(path)), 48, 48)).save(path)
    with pytest.raises(RequestError, match="64 pixels high"):
        evaluate_character(trained[0], other, tmp_path)


def test_a_picture_in_another_size_has_no_dark_edge() -> None:
    picture = np.zeros((32, 32, 4), np.uint8)
    picture[8:24, 8:24] = (200, 100, 50, 255)
    small = resized(picture, 20, 20)
    edge = small[small[..., 3] > 64]
    assert (edge[:, 3] < 255).any()
    assert np.abs(edge[:, :3].astype(int) - (200, 100, 50)).max() <= 8
