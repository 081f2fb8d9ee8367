"""The machinery of the neural engine, tried with untrained networks: what must hold whatever they have learned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from addon.core.emotion import EmotionTrack
from addon.core.performance import Performance
from backend.audio.sound import SAMPLE_RATE
from backend.cues.actor import DRAWN, Actor
from backend.cues.aversion import AVERSION, MUTUAL, aversion_of
from backend.cues.clock import LOOK_AHEAD
from backend.cues.encoder import ENCODED_PHONES
from backend.cues.film import CONDITION_WIDTH
from backend.cues.fixation_grid import CELLS, STAY, cell_of, centres, classes_of, fixations_in
from backend.cues.frontend import INPUT_WIDTH, Frontend, encoder_inputs, tail_samples
from backend.cues.generator import NOISE
from backend.cues.heard import phones_heard, spans_heard
from backend.cues.listener import GraphListener, TorchListener
from backend.cues.model import CueConfig
from backend.cues.motor import STIFFNESS, follow
from backend.cues.performer import DRAWN_LAYERS, CueLine, act_lines, hear_line, perform_tracks
from backend.cues.stepper import Stepper
from backend.cues.stream import CueStream
from backend.cues.told import TAPS, UNTOLD, told_phones
from backend.rules.layers import Direction
from backend.rules.smoothing import add_pulses
from backend.speech.phones import SILENCE, Phone
from backend.speech.visemes import VISEMES
from backend.training.cues.drives import drive_of, followed
from tests.backend.actors import babble, line_of, untrained_actor, untrained_networks

ACTOR = untrained_actor()


def whole(line: CueLine) -> Performance:
    (tracks,) = act_lines(ACTOR, [line], [hear_line(ACTOR, line)])
    return perform_tracks(ACTOR, line, tracks, {})


def live(line: CueLine, hop: int) -> Performance:
    stream = CueStream(ACTOR, line.emotion, line.direction, line.sound.sha256)
    pieces = [stream.push(line.sound.samples[at : at + hop]) for at in range(0, len(line.sound.samples), hop)]
    frames = [piece.arrays() for piece in [*pieces, stream.finish()] if piece is not None]
    joined: dict[str, Any] = {k: np.concatenate([f[k] for f in frames]) for k in frames[0]}
    return Performance(line.direction.fps, **joined)


def test_pieces_of_a_sound_are_heard_as_the_whole() -> None:
    sound = babble(3.0)
    padded = np.concatenate([sound.samples, np.zeros(tail_samples(len(sound.samples)), np.float32)])
    frontend = Frontend(ACTOR.mel_mean)
    pieces = np.concatenate([frontend.push(padded[at : at + 777]) for at in range(0, len(padded), 777)])
    np.testing.assert_allclose(pieces, encoder_inputs(sound.samples, ACTOR.mel_mean), atol=1e-5)


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
@pytest.mark.parametrize("hop", [320, 1000, 4096])
@pytest.mark.parametrize("emotion", ["lasting", "changing"])
def test_a_live_line_is_the_line(fps: float, hop: int, emotion: str) -> None:
    line = line_of(babble(2.51), fps=fps)
    if emotion == "changing":
        line = replace(line, emotion=EmotionTrack.from_keys([(0.4, "happy", 1.0), (0.9, "sad", 0.7)]))
    expected, heard = whole(line), live(line, hop)
    assert heard.frame_count == expected.frame_count
    for name, array in expected.arrays().items():
        np.testing.assert_allclose(getattr(heard, name), array, atol=1e-4, err_msg=name)


def test_a_frame_comes_within_80_ms_of_its_sound() -> None:
    assert LOOK_AHEAD <= 0.08
    line = line_of(babble(2.0))
    stream = CueStream(ACTOR, line.emotion, line.direction)
    frames = 0
    for at in range(0, len(line.sound.samples), 160):
        piece = stream.push(line.sound.samples[at : at + 160])
        frames += piece.frame_count if piece else 0
        heard = (at + 160) / SAMPLE_RATE
        assert frames >= int((heard - 0.08) * 30.0) + (heard > 0.08)


def test_lines_in_a_batch_are_the_lines_alone() -> None:
    lines = [line_of(babble(s, seed), emotion) for s, seed, emotion in ((1.0, 1, "sad"), (2.3, 2, "angry"))]
    together = act_lines(ACTOR, lines, [hear_line(ACTOR, line) for line in lines])
    for line, tracks in zip(lines, together, strict=True):
        shared, alone = perform_tracks(ACTOR, line, tracks, {}), whole(line)
        for name, array in alone.arrays().items():
            np.testing.assert_allclose(getattr(shared, name), array, atol=1e-4, err_msg=name)


def test_an_emotion_that_lasts_is_one_that_is_asked_for_again_and_again() -> None:
    line = line_of(babble(65.0), "sad")
    again = EmotionTrack.from_keys([(at, "sad", 1.0) for at in (0.0, 1.0, 50.0)])
    lasting, asked = whole(line), whole(replace(line, emotion=again))
    for name, array in asked.arrays().items():
        np.testing.assert_allclose(getattr(lasting, name), array, atol=1e-4, err_msg=name)


def test_one_seed_repeats_to_the_byte_and_another_is_another_take() -> None:
    line = line_of(babble(4.0))
    first, again = whole(line), whole(line)
    other = whole(replace(line, direction=Direction(30.0, 4)))
    for name, array in first.arrays().items():
        assert array.tobytes() == getattr(again, name).tobytes()
    assert not np.allclose(first.head, other.head)
    assert not np.allclose(first.gaze, other.gaze)


@pytest.mark.parametrize("layer", DRAWN_LAYERS)
def test_reseeding_a_layer_moves_no_other(layer: str) -> None:
    line = line_of(babble(8.0))
    other = replace(line, direction=Direction(30.0, 3, layer_seeds={layer: 99}))
    (kept,), (anew,) = (act_lines(ACTOR, [one], [hear_line(ACTOR, one)]) for one in (line, other))
    names = {"expression": "expression", "head": "head", "gaze": "looks", "blink": "blinks"}
    for other, name in names.items():
        before, after = getattr(kept, name), getattr(anew, name)
        before, after = (before.place, after.place) if other == "gaze" else (before, after)
        same = before.shape == after.shape and np.array_equal(before, after)
        assert same == (other != layer), other
    assert np.array_equal(kept.lips, anew.lips)


def test_the_head_of_a_listener_keeps_its_place() -> None:
    generator, rng = ACTOR.cues.generator, np.random.default_rng(0)
    steps = 200
    features = torch.from_numpy(rng.standard_normal((1, steps, CueConfig().features)).astype(np.float32))
    condition = torch.zeros(1, steps, ACTOR.cues.condition.leave.out_features)
    noise = {k: rng.standard_normal((1, steps, n)).astype(np.float32) for k, n in DRAWN.items()}
    with torch.inference_mode():
        heard = [part.numpy() for part in generator.listen(features, condition)]
    stepper = Stepper(generator)
    speed = []
    for speaking in (0.0, 1.0):
        given = [*heard, np.tile(np.array([speaking, 0.0], np.float32), (1, steps, 1))]
        taken, _ = stepper.run(stepper.start(1), given, noise)
        speed.append(np.abs(taken.velocity).mean(axis=(0, 1)))
    silent, spoken = speed
    assert np.all(silent[-3:] < 0.7 * spoken[-3:])
    assert np.all(silent[:-3] > 0.7 * spoken[:-3])


def test_eyes_that_are_averted_are_longer_away() -> None:
    generator, rng = ACTOR.cues.generator, np.random.default_rng(0)
    steps, lines = 400, 8
    features = torch.from_numpy(rng.standard_normal((lines, steps, CueConfig().features)).astype(np.float32))
    noise = {k: rng.standard_normal((lines, steps, n)).astype(np.float32) for k, n in DRAWN.items()}
    with torch.inference_mode():
        heard = [part.numpy() for part in generator.listen(features, torch.zeros(lines, steps, CONDITION_WIDTH))]
    away = []
    for averted in (-2.0, 0.0, 2.0):
        bearing = np.tile(np.array([1.0, averted], np.float32), (lines, steps, 1))
        taken, _ = Stepper(generator).run(Stepper(generator).start(lines), [*heard, bearing], noise)
        away.append(float(np.mean(np.hypot(*np.moveaxis(taken.look, -1, 0)) >= MUTUAL)))
    assert away[0] < away[1] < away[2]


def test_aversion_follows_the_emotion_and_its_intensity() -> None:
    half = EmotionTrack.constant("sad", 0.5).sample(np.zeros(1))
    assert aversion_of(half)[0, 0] == pytest.approx(0.5 * AVERSION["sad"])
    assert aversion_of(EmotionTrack.constant("neutral", 0.3).sample(np.zeros(1)))[0, 0] == 0.0


def test_lips_are_told_the_phones_around_a_step() -> None:
    phones = (Phone("M", 0.1, 0.2), Phone("AA", 0.2, 0.5))
    told = told_phones(phones, 30) - len(ENCODED_PHONES) * np.arange(len(TAPS))
    now, ahead = told[:, TAPS.index(0)], told[:, TAPS.index(10)]
    names = [ENCODED_PHONES[number] for number in now]
    assert names == [SILENCE] * 5 + ["M"] * 5 + ["AA"] * 15 + [SILENCE] * 5
    assert np.array_equal(now[10:], ahead[:-10])


def test_a_closure_of_one_step_is_kept_as_a_viseme_and_not_as_a_phone() -> None:
    steps = ["sil", "aa", "aa", "aa", "PP", "E", "E", "sil"]
    visemes = spans_heard(np.array([VISEMES.index(name) for name in steps]), VISEMES, 0.16)
    assert [name for name, _, _ in visemes] == ["sil", "aa", "PP", "E", "sil"]
    assert [start for _, start, _ in visemes[1:]] == pytest.approx([0.01, 0.07, 0.09, 0.13])
    assert (visemes[0][1], visemes[-1][2]) == (0.0, 0.16)
    said = [SILENCE, SILENCE, "AA", "AA", "P", "EH", "EH", SILENCE, SILENCE]
    phones = phones_heard(np.array([ENCODED_PHONES.index(name) for name in said]), 0.18)
    assert [phone.name for phone in phones] == [SILENCE, "AA", "EH", SILENCE]


def test_a_known_text_moves_the_lips_and_nothing_else() -> None:
    encoder, cues = untrained_networks()
    torch.nn.init.normal_(cues.lips.told.weight[:-1])
    actor = Actor(encoder, cues)
    line = line_of(babble(2.0))
    heard = hear_line(actor, line)
    told = hear_line(actor, replace(line, phones=(Phone("AA", 0.0, 2.0),)))
    assert not np.allclose(told.lips, heard.lips, atol=1e-2)
    for one, other in zip(told.motion, heard.motion, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("lasting", [True, False])
@pytest.mark.parametrize("told", [True, False])
def test_a_graph_and_torch_hear_the_same(lasting: bool, told: bool) -> None:
    """In pieces of one step, of fewer and of more steps than a convolution reaches back."""
    encoder, cues = untrained_networks()
    encoder.eval()
    cues.eval()
    torch.nn.init.normal_(cues.lips.told.weight[:-1])
    for affine in (cues.lips.film.affine, cues.generator.film.affine):
        torch.nn.init.normal_(affine.bias)
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((90, INPUT_WIDTH)).astype(np.float32)
    condition = rng.standard_normal((1 if lasting else 90, CONDITION_WIDTH)).astype(np.float32)
    said = rng.integers(0, UNTOLD, (90, len(TAPS))) if told else None
    listeners = GraphListener(encoder, cues), TorchListener(encoder, cues)
    memories = [listener.start() for listener in listeners]
    for first, last in ((0, 1), (1, 6), (6, 86), (86, 90)):
        felt = condition if lasting else condition[first:last]
        saying = None if said is None else said[first:last]
        pieces = []
        for number, listener in enumerate(listeners):
            piece, memories[number] = listener.listen(inputs[first:last], felt, saying, memories[number])
            pieces.append(piece)
        for name in ("lips", "heard", "modulation"):
            one, other = (getattr(piece, name) for piece in pieces)
            assert one.shape == other.shape
            np.testing.assert_allclose(one, other, atol=2e-5, err_msg=name)
        assert np.array_equal(pieces[0].phones, pieces[1].phones)
        assert np.array_equal(pieces[0].visemes, pieces[1].visemes)


def test_a_graph_and_torch_take_the_same_step() -> None:
    generator, rng = ACTOR.cues.generator, np.random.default_rng(0)
    batch, steps = 3, 40
    features = torch.from_numpy(rng.standard_normal((batch, steps, CueConfig().features)).astype(np.float32))
    condition = torch.from_numpy(rng.standard_normal((batch, steps, ACTOR.cues.condition.leave.out_features)))
    noise = {k: rng.standard_normal((batch, steps, n)).astype(np.float32) for k, n in DRAWN.items()}
    with torch.inference_mode():
        heard = generator.listen(features, condition.float())
        given = [*(h.numpy() for h in heard), np.tile(np.array([1.0, 0.0], np.float32), (batch, steps, 1))]
        taken, _ = Stepper(generator).run(Stepper(generator).start(batch), given, noise)
        state = generator.start(batch)
        for step in range(steps):
            audio, scale, shift, out = (part[:, step] for part in heard)
            drawn = {k: torch.from_numpy(noise[k][:, step, :n]) for k, n in NOISE.items()}
            state, events, _ = generator.step(state, (audio, scale, shift, out), drawn)
            position = torch.cat([state.expression, state.head], dim=1)
            np.testing.assert_allclose(taken.position[:, step], position.numpy(), atol=1e-4)
            np.testing.assert_allclose(taken.look[:, step], state.look.numpy(), atol=1e-4)
            assert np.array_equal(taken.saccade[:, step], events.saccade.numpy())
            assert np.array_equal(taken.blink[:, step], events.blink.numpy())


def test_the_motor_step_is_the_exact_motion_of_a_critically_damped_spring() -> None:
    position, velocity, drive = (torch.tensor([v], dtype=torch.float64) for v in (0.3, -1.0, 1.0))
    p, v, step = 0.3, -1.0, 0.04 / 20000
    for _ in range(20000):
        acceleration = STIFFNESS**2 * (1.0 - p) - 2 * STIFFNESS * v
        p, v = p + v * step, v + acceleration * step
    after, speed = follow(position, velocity, drive)
    assert float(after) == pytest.approx(p, abs=1e-4)
    assert float(speed) == pytest.approx(v, abs=1e-3)


def test_drives_lead_along_a_track() -> None:
    at = np.arange(400) / 25
    track = 0.4 * np.sin(2 * np.pi * 0.4 * at)
    add_pulses(track, 25.0, np.array([3.0, 5.0]), np.array([0.8, 0.5]), (0.2, 0.1, 0.3))
    position, _ = followed(track[:1], drive_of(track[:, None]))
    assert np.corrcoef(position[:, 0], track[:-1])[0, 1] > 0.99


def test_every_cell_holds_its_own_middle() -> None:
    assert np.array_equal(cell_of(centres()), np.arange(CELLS))


def test_saccades_are_found_where_a_gaze_jumps() -> None:
    gaze = np.zeros((200, 2))
    gaze[50:] = (0.0, 12.0)
    gaze[120:] = (8.0, -3.0)
    starts, looks = fixations_in(gaze, 50.0)
    np.testing.assert_allclose(starts, [0.0, 0.98, 2.38])
    np.testing.assert_allclose(looks, [(0, 0), (0, 12), (8, -3)])
    classes, _ = classes_of(starts, looks, 100)
    assert (classes != STAY).sum() == 3
