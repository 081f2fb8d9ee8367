"""The recipes run from a corpus to weights that the engine reads; a few steps, on the shipped line."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from addon.core.channels import CHANNEL_INDEX
from addon.core.emotion import EmotionTrack
from addon.core.errors import RequestError
from backend import perform
from backend.audio.decode import read_sound
from backend.cues import library
from backend.cues.encoder import EncoderConfig, SpeechEncoder
from backend.cues.fixation_grid import STAY
from backend.cues.frontend import encoder_inputs
from backend.cues.library import load_cues, load_encoder
from backend.cues.spaces import LIP_CONTROLS
from backend.evaluation.judge import EmotionJudge, JudgeConfig
from backend.face.landmarks import CLOSED_LIPS, inner_lip_gap
from backend.speech.aligner import align
from backend.training.augment import AugmentConfig
from backend.training.corpus.manifest import Corpus, Material, read_manifest
from backend.training.cues.directions import draw_direction
from backend.training.cues.last_layer import controls_with_gap, sealed_gap
from backend.training.cues.learn import CueRecipe, material, train_cues, train_lips
from backend.training.cues.takes import lesson_of_take, read_takes
from backend.training.judge.learn import JudgeRecipe, train_judge
from backend.training.solver import Schedule
from backend.training.speech.data import batches, inputs_of, running_mean, shelf_of
from backend.training.speech.hear import Example, Hearing, examples_of
from backend.training.speech.learn import SpeechRecipe, learn, train_speech
from tests.backend.sounds import SHIPPED_LINE, SHIPPED_TEXT

FEW = Schedule(steps=2, rate=1e-3)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped line, said by three voices that are one."""
    folder = tmp_path_factory.mktemp("corpus")
    sound = read_sound(SHIPPED_LINE)
    phones = align(sound, SHIPPED_TEXT).phones
    for number, split in enumerate(("train", "train", "validation", "test")):
        clip = Material(f"clip{number}", "flite", split, split, SHIPPED_TEXT, "none", sound.samples, phones)
        Corpus(folder).add(clip)
    return folder


@pytest.fixture(scope="module")
def trained(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights of an encoder and a cue model that learned from the corpus for two steps."""
    out = tmp_path_factory.mktemp("weights")
    train_speech(SpeechRecipe(corpus, copies=1, batch=2, crop=60, schedule=FEW), out / "speech")
    patch = pytest.MonkeyPatch()
    patch.setattr("backend.training.cues.learn.load_encoder", lambda: library.load_encoder(out))
    try:
        recipe = CueRecipe(corpus, performances=1, batch=2, crop=64, schedule=FEW, classifier=FEW)
        train_cues(recipe, out / "cues")
    finally:
        patch.undo()
    return out


def test_trained_weights_are_read_by_the_engine_and_tell_where_they_are_from(trained: Path) -> None:
    encoder, cues = load_encoder(trained), load_cues(trained)
    assert encoder.mel_mean.abs().sum() > 0
    assert cues.expression_basis.abs().sum() > 0
    for name in ("speech", "cues"):
        card = json.loads((trained / f"{name}.json").read_text(encoding="utf-8"))
        for entry in ("what", "data", "licence", "command", "seed", "metrics", "sha256", "config"):
            assert card[entry] not in (None, ""), (name, entry)


def test_a_crop_is_heard_in_training_as_the_ear_hears_it_at_work(corpus: Path) -> None:
    clips = [clip for clip in read_manifest(corpus) if clip.split == "train"][:1]
    (plain,) = examples_of(clips, Hearing(corpus, 0, AugmentConfig()), 1)
    steps = plain.steps
    mean = torch.linspace(-3.0, 1.0, 80)
    mel = torch.from_numpy(plain.mel.astype(np.float32))[None]
    crop = inputs_of(mel, mean, running_mean(mel.shape[1], torch.device("cpu")))[0]
    whole = encoder_inputs(clips[0].samples(corpus), mean.numpy())
    assert crop.shape == whole.shape == (steps, crop.shape[1])
    np.testing.assert_allclose(crop.numpy(), whole, atol=5e-3)  # mels are kept in half precision


def test_augmented_copies_keep_their_labels_beside_what_is_said(corpus: Path) -> None:
    """Pace changes by up to a quarter; a label that stayed behind would be elsewhere in the sound."""
    clips = [clip for clip in read_manifest(corpus) if clip.split == "train"][:2]
    faster = AugmentConfig(speed_chance=1.0, speed=(1.25, 1.25), tone_chance=0.0, band_chance=0.0, room_chance=0.0)
    quiet = replace(faster, noise_chance=0.0, babble_chance=0.0, clip_chance=0.0, gain_chance=0.0)
    plain, quick, _, _ = examples_of(clips, Hearing(corpus, 1, quiet), 1)
    assert quick.steps == pytest.approx(plain.steps / 1.25, abs=1)
    loud = np.exp(quick.mel.astype(np.float64)).sum(axis=1)[4::2][: quick.steps]
    assert loud[quick.labels.phones > 0].mean() > 20.0 * loud[quick.labels.phones == 0][2:-2].mean()


def test_crops_start_anywhere_and_end_with_their_example(corpus: Path) -> None:
    clips = [clip for clip in read_manifest(corpus) if clip.split == "train"][:1]
    examples = examples_of(clips, Hearing(corpus, 0, AugmentConfig()), 1)
    shelf = shelf_of(examples, torch.device("cpu"))
    long = examples[0].steps + 30
    batch = next(batches(shelf, torch.zeros(80), 3, long, torch.Generator().manual_seed(0)))
    assert batch.inputs.shape == (3, long, 320)
    np.testing.assert_array_equal(batch.phones[0, :-30].numpy(), examples[0].labels.phones)
    assert (batch.phones[0, -30:] == int(examples[0].labels.phones[-1])).all()
    short = next(batches(shelf, torch.zeros(80), 64, 20, torch.Generator().manual_seed(0)))
    assert len({row.numpy().tobytes() for row in short.articulation}) > 20


def test_teachers_are_asked_about_every_copy_as_they_hear_it(corpus: Path, trained: Path) -> None:
    """Two teachers that are one say what it says: of the whole clip, clean and augmented, in shares of 1."""
    clips = [clip for clip in read_manifest(corpus) if clip.split == "train"][:1]
    plain, copy = examples_of(clips, Hearing(corpus, 1, AugmentConfig(), _faculty(trained)), 1)
    assert plain.taught is not None
    assert copy.taught is not None
    assert not np.array_equal(plain.taught.phones[:40], copy.taught.phones[:40])
    encoder = load_encoder(trained)
    inputs = torch.from_numpy(encoder_inputs(clips[0].samples(corpus), encoder.mel_mean.numpy()))[None]
    with torch.inference_mode():
        heard = encoder.read(encoder(inputs, encoder.stack.start(1))[0])
    np.testing.assert_allclose(plain.taught.visemes, heard.visemes[0].softmax(1).numpy(), atol=4e-3)
    np.testing.assert_allclose(plain.taught.articulation[:, :3], heard.articulation[0, :, :3].numpy(), atol=4e-3)
    np.testing.assert_allclose(
        plain.taught.articulation[:, 3:], heard.articulation[0, :, 3:].sigmoid().numpy(), atol=4e-3
    )
    for example in (plain, copy):
        assert example.taught is not None
        assert len(example.taught.phones) == example.steps
        np.testing.assert_allclose(example.taught.phones.astype(np.float32).sum(axis=1), 1.0, atol=5e-3)


def test_a_pupil_is_nearer_to_its_teachers_than_to_labels_alone_and_tells_who_they_were(
    corpus: Path, trained: Path, tmp_path: Path
) -> None:
    faculty = _faculty(trained)
    clips = [clip for clip in read_manifest(corpus) if clip.split == "train"][:1]
    small = EncoderConfig(width=32, dilations=(1, 2))
    recipe = SpeechRecipe(corpus, 2, 0, batch=4, crop=60, schedule=Schedule(150, 5e-3), model=small, teachers=faculty)
    examples = examples_of(clips, Hearing(corpus, 0, AugmentConfig(), faculty), 1)
    untaught = [replace(example, taught=None) for example in examples]
    taught, alone = (_distance(learn(lessons, recipe), examples[0]) for lessons in (examples, untaught))
    assert taught < 0.7 * alone
    train_speech(replace(recipe, schedule=FEW), tmp_path / "speech")
    card = json.loads((tmp_path / "speech.json").read_text(encoding="utf-8"))
    assert set(card["learned_from"]) == {"one", "other"}
    assert card["learned_from"]["one"]["sha256"] == json.loads((trained / "speech.json").read_text("utf-8"))["sha256"]
    assert "--teachers" in card["command"]


def test_training_goes_on_from_weights_of_the_same_size(corpus: Path, trained: Path, tmp_path: Path) -> None:
    still = SpeechRecipe(corpus, copies=0, batch=2, crop=60, schedule=Schedule(1, 0.0), start=trained / "speech")
    train_speech(still, tmp_path / "speech")
    before, after = load_file(trained / "speech.safetensors"), load_file(tmp_path / "speech.safetensors")
    for name, tensor in before.items():
        torch.testing.assert_close(after[name], tensor)
    wider = replace(still, model=replace(still.model, width=still.model.width + 16))
    with pytest.raises(RequestError, match="another size"):
        train_speech(wider, tmp_path / "wider")


def test_half_of_the_start_is_kept_where_that_is_asked_for(corpus: Path, trained: Path, tmp_path: Path) -> None:
    whole = SpeechRecipe(corpus, copies=0, batch=2, crop=60, schedule=FEW, start=trained / "speech")
    train_speech(whole, tmp_path / "whole")
    train_speech(replace(whole, kept=0.5), tmp_path / "half")
    before, learned, mean = (
        load_file(f"{path}.safetensors") for path in (whole.start, tmp_path / "whole", tmp_path / "half")
    )
    for name, tensor in mean.items():
        torch.testing.assert_close(tensor, 0.5 * (before[name] + learned[name]))
    assert any(not torch.equal(tensor, before[name]) for name, tensor in mean.items())
    assert "--start START --keep 0.5" in json.loads((tmp_path / "half.json").read_text(encoding="utf-8"))["command"]


def test_a_share_of_no_start_cannot_be_kept(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="share of --start"):
        train_speech(SpeechRecipe(corpus, copies=0, schedule=FEW, kept=0.5), tmp_path / "speech")


def test_a_folder_without_teachers_is_told(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no weights in the folder of teachers"):
        train_speech(SpeechRecipe(corpus, copies=0, schedule=FEW, teachers=tmp_path), tmp_path / "speech")


def _faculty(trained: Path) -> Path:
    """A folder with two teachers that are the same encoder."""
    folder = trained / "teachers"
    folder.mkdir(exist_ok=True)
    for name in ("one", "other"):
        for suffix in (".safetensors", ".json"):
            shutil.copy(trained / f"speech{suffix}", folder / f"{name}{suffix}")
    return folder


def _distance(encoder: SpeechEncoder, example: Example) -> float:
    """Mean difference of the visemes' shares from those that teachers told."""
    assert example.taught is not None
    mel = torch.from_numpy(example.mel.astype(np.float32))[None]
    inputs = inputs_of(mel, encoder.mel_mean, running_mean(mel.shape[1], torch.device("cpu")))
    with torch.inference_mode():
        heard = encoder.read(encoder(inputs, encoder.stack.start(1))[0])
    return float(np.abs(heard.visemes[0].softmax(1).numpy() - example.taught.visemes).mean())


def test_test_voices_are_scored_and_not_trained_on(trained: Path) -> None:
    card = json.loads((trained / "speech.json").read_text(encoding="utf-8"))
    assert set(card["metrics"]) == {"validation flite", "test flite"}
    assert card["data"] == {"flite": "0.00 h"}


def test_lips_learn_nothing_from_voices_whose_vowels_are_of_other_languages(corpus: Path, tmp_path: Path) -> None:
    mixed = Corpus(tmp_path)
    for number, clip in enumerate(clip for clip in read_manifest(corpus) if clip.split == "train"):
        voice = "czech_ph" if number else clip.voice
        said = Material(clip.id, clip.source, voice, "train", clip.text, "none", clip.samples(corpus), clip.phones)
        mixed.add(said)
    recipe = CueRecipe(tmp_path, performances=1)
    (scene,), lessons = material(recipe, "train", np.random.default_rng(0))
    assert scene.duration > read_manifest(tmp_path)[0].duration
    assert len(lessons) == 1


def test_the_last_layer_of_the_lips_is_solved_and_nothing_else_changes(corpus: Path, trained: Path) -> None:
    """From nothing but that layer's own weights: wherever it starts, the same sound and teacher solve it the same."""
    made = []
    for name, scale in (("once", 1.0), ("again", 0.0)):
        patch = pytest.MonkeyPatch()
        start = load_cues(trained)
        start.lips.leave.requires_grad_(False).weight.mul_(scale)
        patch.setattr("backend.training.cues.learn.load_encoder", lambda: library.load_encoder(trained))
        patch.setattr("backend.training.cues.learn.load_cues", lambda start=start: start)
        patch.setattr("backend.training.cues.last_layer.BATCHES", 2)
        try:
            train_lips(CueRecipe(corpus, batch=2, crop=64), trained / name)
        finally:
            patch.undo()
        made.append(load_file(trained / f"{name}.safetensors"))
    before = load_file(trained / "cues.safetensors")
    changed = {name for name, tensor in made[0].items() if not torch.equal(tensor, before[name])}
    assert changed <= {"lips.leave.weight", "lips.leave.bias"}
    for name in made[0]:
        torch.testing.assert_close(made[0][name], made[1][name])


def test_controls_open_to_the_gap_that_closures_leave() -> None:
    rng = np.random.default_rng(0)
    controls, contacts = rng.uniform(0.0, 0.3, (50, len(LIP_CONTROLS))), rng.uniform(0.0, 1.0, (50, 2))
    contacts[:10, 0] = 1.0
    gap = sealed_gap(controls, contacts)
    assert np.all(gap[:10] == 0.0)
    free = np.zeros((50, 2))
    np.testing.assert_allclose(sealed_gap(controls_with_gap(controls, gap), free), gap, atol=1e-9)
    np.testing.assert_allclose(controls_with_gap(controls, sealed_gap(controls, free)), controls, atol=1e-9)


def test_the_judge_is_trained_and_read(corpus: Path, tmp_path: Path) -> None:
    recipe = JudgeRecipe(corpus, clips=2, performances=2, batch=2, schedule=FEW)
    train_judge(recipe, tmp_path / "judge")
    assert (tmp_path / "judge.safetensors").is_file()
    verdict = EmotionJudge(JudgeConfig()).eval().read(perform(SHIPPED_LINE))
    assert verdict.sum() == pytest.approx(1.0)


def test_a_take_becomes_a_lesson_with_its_closures_looks_and_blinks() -> None:
    performance = perform(SHIPPED_LINE, emotion="happy", text=SHIPPED_TEXT, engine="rules", fps=50, seed=2)
    lesson = lesson_of_take(performance, 0, 400)
    steps = len(lesson.lips)
    closed = inner_lip_gap(performance.landmarks)[:steps] < CLOSED_LIPS
    assert np.corrcoef(lesson.contacts[:, 0], closed)[0, 1] > 0.8
    assert (lesson.gaze != STAY).sum() >= 1
    assert lesson.blink.sum() >= 1
    assert lesson.lips[:, 0].max() == pytest.approx(
        performance.channels[:steps, CHANNEL_INDEX["jawOpen"]].max(), abs=0.3
    )
    assert np.all(np.isfinite(lesson.expression))


def test_tracked_recordings_are_learned_from(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "line.wav").write_bytes(SHIPPED_LINE.read_bytes())
    perform(SHIPPED_LINE, emotion="sad", engine="rules").save(tmp_path / "line.npz")
    ((scene, lesson),) = read_takes(tmp_path, load_encoder(trained), 7)
    assert lesson.scene == 7
    assert len(scene.features) >= len(lesson.lips)
    assert lesson.emotion[:, 6].min() == pytest.approx(1.0)


def test_takes_without_sound_are_refused_with_a_sentence(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no takes"):
        list(read_takes(tmp_path, load_encoder(trained), 0))
    perform(SHIPPED_LINE).save(tmp_path / "line.npz")
    with pytest.raises(RequestError, match="no sound"):
        list(read_takes(tmp_path, load_encoder(trained), 0))


def test_directions_are_drawn_widely() -> None:
    rng = np.random.default_rng(0)
    tracks = [draw_direction(30.0, rng) for _ in range(200)]
    assert all(isinstance(track, EmotionTrack) for track in tracks)
    constant = np.mean([len(track.times) == 1 for track in tracks])
    assert 0.4 < constant < 0.7
    seen = np.sum([track.weights.sum(axis=0) > 0 for track in tracks], axis=0)
    assert seen.min() > 20
