"""What a GPU must do as a CPU does it: perform, draw, paint and drive a portrait; skipped where there is none.

Sound is read without a decoder, and nobody's text is aligned: what is tried here needs torch and little else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch

from addon.core.emotion import EmotionTrack
from addon.core.performance import Performance
from backend.cues.actor import Actor
from backend.cues.engine import Script, perform_scripts
from backend.cues.library import actor_on
from backend.cues.performer import CueLine, act_lines, hear_line, perform_tracks
from backend.cues.stream import CueStream
from backend.device import DEVICE_SWITCH, device_name
from backend.generator.character.dataset import read_set
from backend.generator.character.export import export
from backend.generator.character.folder import read_character
from backend.generator.character.generator import paint_frames
from backend.generator.character.settings import PainterConfig, TrainingConfig
from backend.generator.character.training import Trainer, train
from backend.generator.interface import Portrait
from backend.generator.liveportrait.certify import certify
from backend.generator.liveportrait.face_fit import CLICKED
from backend.generator.liveportrait.generator import LivePortrait
from backend.generator.raster import render
from backend.generator.raster.shots import camera_of, mesh_of
from backend.rules.layers import Direction
from backend.training.mapper.draw import draw_clip
from backend.training.mapper.lessons import render_lesson
from backend.training.solver import device
from tests.backend.actors import demo_sound
from tests.backend.faces import performance_of, portrait_picture, portrait_points
from tests.backend.painted import ball, moving, rendered_set
from tests.backend.portraits import TINY, TrackedPoints, random_networks, write_tree

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

GPU: Final[str] = "cuda"
SPOKEN: Final[tuple[str, ...]] = ("landmarks", "channels")
TAKES: Final[int] = 12
MOST_FLIPPED: Final[int] = 2
"""Takes of TAKES in which a choice may fall otherwise than on a CPU: one that hung by the last digits of a sum."""
LEARNING: Final[TrainingConfig] = TrainingConfig(
    minutes=60.0, steps=90, batch=4, every=30, painter=PainterConfig(texture=6, widths=(16, 24, 32), detail=8)
)


def quietly(_stage: str, _share: float) -> None: ...


def demo_line(seed: int = 0, fps: float = 30.0, emotion: str = "happy", **direction: Any) -> CueLine:
    return CueLine(demo_sound(), EmotionTrack.constant(emotion), Direction(fps, seed, **direction))


def performed(actor: Actor, lines: Sequence[CueLine]) -> list[Performance]:
    tracks = act_lines(actor, lines, [hear_line(actor, line) for line in lines])
    return [perform_tracks(actor, line, track, {}) for line, track in zip(lines, tracks, strict=True)]


def away(one: Performance, other: Performance) -> float:
    """The largest difference of any number in any frame."""
    arrays = other.arrays()
    return max(float(np.abs(array - arrays[name]).max()) for name, array in one.arrays().items())


def test_the_gpu_is_taken_unless_the_artist_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DEVICE_SWITCH, raising=False)
    assert (device_name(), device().type) == ("cuda", "cuda")
    monkeypatch.setenv(DEVICE_SWITCH, "cpu")
    assert (device_name(), device().type) == ("cpu", "cpu")


def test_lines_side_by_side_give_the_same_bytes_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEVICE_SWITCH, GPU)
    scripts = [Script(demo_line(seed)) for seed in range(16)]
    first, second = perform_scripts(scripts), perform_scripts(scripts)
    assert {performance.meta["device"] for performance in first} == {"cuda"}
    assert [one.to_bytes() for one in first] == [one.to_bytes() for one in second]
    assert away(first[0], first[1]) > 0.01


@pytest.mark.parametrize("emotion", ["neutral", "happy", "angry"])
def test_lips_are_those_of_a_cpu(emotion: str) -> None:
    line = demo_line(emotion=emotion, layers=("speech",))
    (here,), (there,) = (performed(actor_on(name), [line]) for name in ("cpu", GPU))
    for name in SPOKEN:
        np.testing.assert_allclose(getattr(there, name), getattr(here, name), atol=1e-3, err_msg=name)


def test_takes_are_those_of_a_cpu_but_for_choices_that_hung_by_a_hair() -> None:
    lines = [demo_line(seed, emotion="sad") for seed in range(TAKES)]
    here, there = (performed(actor_on(name), lines) for name in ("cpu", GPU))
    apart = [away(one, other) for one, other in zip(here, there, strict=True)]
    assert sum(distance > 1e-2 for distance in apart) <= MOST_FLIPPED, apart
    means = [np.concatenate([one.channels for one in takes]).mean(axis=0) for takes in (here, there)]
    np.testing.assert_allclose(means[1], means[0], atol=0.02)


@pytest.mark.parametrize("hop", [320, 4096])
def test_a_live_line_is_the_line(hop: int) -> None:
    line, actor = demo_line(3), actor_on(GPU)
    stream = CueStream(actor, line.emotion, line.direction, line.sound.sha256)
    pieces = [stream.push(line.sound.samples[at : at + hop]) for at in range(0, len(line.sound.samples), hop)]
    frames = [piece.arrays() for piece in [*pieces, stream.finish()] if piece is not None]
    (whole,) = performed(actor, [line])
    for name, array in whole.arrays().items():
        live = np.concatenate([piece[name] for piece in frames])
        np.testing.assert_allclose(live, array, atol=1e-4, err_msg=name)


def test_lines_in_a_batch_are_the_lines_alone() -> None:
    lines, actor = [demo_line(seed) for seed in range(3)], actor_on(GPU)
    for line, shared in zip(lines, performed(actor, lines), strict=True):
        assert away(performed(actor, [line])[0], shared) < 1e-4


@pytest.mark.parametrize("supersample", [1, 2])
def test_a_textured_shot_is_drawn_as_on_a_cpu(supersample: int) -> None:
    shot = moving(6, 3, ball(40), rings=40, size=192)
    here, there = (
        np.stack(list(render(mesh_of(shot.subject, 192), shot.vertices, camera_of(shot), batch=3,
                             supersample=supersample, alpha=True, device=name))).astype(int)
        for name in ("cpu", GPU)
    )  # fmt: skip
    assert (here[..., 3] > 0).mean() > 0.2
    assert (np.abs(here - there) > 2).mean() < 2e-3


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trainer]:
    """The folder of a character that was learned on the GPU, and what learned it."""
    out = tmp_path_factory.mktemp("character")
    trainer = Trainer(read_set(rendered_set(tmp_path_factory.mktemp("set"))), out, LEARNING, GPU)
    trainer.run(quietly)
    return out, trainer


def test_a_character_is_learned(learned: tuple[Path, Trainer]) -> None:
    _, trainer = learned
    rendered, crops = trainer.material.rendered, trainer.material.crops
    numbers, (known, _) = rendered.numbers("test"), rendered.learning()
    mean = np.round(rendered.pictures[known].mean(axis=0)).astype(np.uint8)
    blind = crops.scores(np.stack([mean] * len(numbers)), rendered.pictures[numbers], numbers)
    seeing = crops.scores(trainer.paint(numbers), rendered.pictures[numbers], numbers)
    for place in ("full", "mouth", "eyes"):
        assert seeing[place] > blind[place] + 3, place


def test_a_training_goes_on_on_a_cpu_and_back(learned: tuple[Path, Trainer], tmp_path: Path) -> None:
    out, trainer = learned
    for file in out.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    rendered, steps = trainer.material.rendered, LEARNING.steps
    for count, name in ((2, "cpu"), (4, GPU)):
        status = train(rendered, tmp_path, replace(LEARNING, steps=steps + count), name, quietly)
        assert status.step == steps + count


@pytest.mark.parametrize("fine", [1, 2])
def test_a_character_is_painted_as_on_a_cpu(learned: tuple[Path, Trainer], fine: int) -> None:
    trained, shot = read_character(learned[0]), moving(6, 9, ball())
    poses = torch.from_numpy(shot.vertices)
    here, there = (np.stack(list(paint_frames(trained, shot, poses, fine, name))).astype(int) for name in ("cpu", GPU))
    assert np.abs(here - there).mean() < 0.3
    assert (np.abs(here - there) > 4).mean() < 5e-3


def test_what_a_gpu_learned_is_exported_for_cpus(learned: tuple[Path, Trainer]) -> None:
    shot = moving(2, 9, ball())
    poses = torch.from_numpy(shot.vertices)
    there = np.stack(list(paint_frames(read_character(learned[0]), shot, poses, 1, GPU))).astype(int)
    network = export(read_character(learned[0]))
    here = np.stack(list(paint_frames(read_character(learned[0]), shot, poses, 1, "cpu"))).astype(int)
    network.unlink()
    assert np.abs(here - there).mean() < 0.3


class HereRead:
    """A landmark reader that works on the CPU, as onnxruntime's does."""

    def __init__(self, rest: torch.Tensor) -> None:
        self._tracked = TrackedPoints(rest.cpu())
        self.points = self._tracked.points

    def read(self, frames: torch.Tensor) -> torch.Tensor:
        return self._tracked.read(frames.cpu())


def test_a_portrait_is_driven_as_on_a_cpu_and_half_precision_does(tmp_path: Path) -> None:
    folder = write_tree(random_networks(), tmp_path / "liveportrait")
    clicks = portrait_points()[list(CLICKED.values())]
    portrait, made = Portrait(portrait_picture(), clicks, consent=True), []
    for name in ("cpu", GPU):
        generator = LivePortrait(folder, TINY, name)
        state = generator.prepare(portrait, quietly)
        track = generator.latents(performance_of(), state)
        made.append(np.stack([picture.rgb for picture in generator.render(state, track, "final", quietly)]).astype(int))
    assert np.abs(made[0] - made[1]).mean() < 1.0
    assert np.abs(made[0][0] - made[0][-1]).mean() > 0.05
    assert certify(generator.loaded, None, repeats=1).device.startswith("cuda")


def test_a_lesson_of_the_mapper_is_rendered_on_the_gpu(tmp_path: Path) -> None:
    generator = LivePortrait(write_tree(random_networks(), tmp_path / "liveportrait"), TINY, GPU)
    clicks = portrait_points()[list(CLICKED.values())]
    state = generator.prepare(Portrait(portrait_picture(), clicks, consent=True), quietly)
    drawn = draw_clip(np.random.default_rng(0), generator.loaded, state, 1.0)
    lesson = render_lesson(
        generator.loaded, state, HereRead(state.face.repeat_interleave(2, -1).repeat_interleave(2, -2)), drawn
    )
    assert {tensor.device.type for tensor in (lesson.inputs, lesson.expression, lesson.offsets)} == {"cpu"}
    assert bool(torch.isfinite(lesson.inputs).all())
