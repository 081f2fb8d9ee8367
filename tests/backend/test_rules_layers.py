"""What the layers are: apart from each other, the same every time, alive in speech and calm in silence."""

from __future__ import annotations

import numpy as np
import pytest

from addon.core.channels import CHANNEL_INDEX, indices
from addon.core.emotion import EMOTIONS, EmotionTrack
from addon.core.eyes import EYE_LOOK_RADIANS
from addon.core.request import LAYERS
from backend.evaluation.statistics import (
    MUTUAL,
    blinks,
    canonical_correlation,
    head_degrees,
    head_moving,
    published,
    saccades,
    world_gaze,
)
from backend.face.landmarks import eye_opening, inner_lip_gap
from backend.rules.layers import Direction, layer_tracks
from backend.rules.performer import perform_line
from tests.backend.lines import MAMA_PAPA, line_of

LONG = MAMA_PAPA * 12


def within(name: str, value: float) -> bool:
    low, high = published()[name]["range"]
    return low <= value <= high


@pytest.mark.parametrize("layer", LAYERS)
def test_turning_a_layer_off_or_reseeding_it_moves_no_other(layer: str) -> None:
    line = line_of(MAMA_PAPA, "happy")
    whole = layer_tracks(line, Direction(30, 4))
    others = tuple(name for name in LAYERS if name != layer)
    off = layer_tracks(line, Direction(30, 4, others))
    reseeded = layer_tracks(line, Direction(30, 4, LAYERS, {layer: 5}))
    for name in others:
        assert np.array_equal(getattr(whole, name), getattr(off, name))
        assert np.array_equal(getattr(whole, name), getattr(reseeded, name))
    assert not np.any(getattr(off, layer))


def test_the_same_line_gives_the_same_bytes_and_another_seed_gives_another_take() -> None:
    line = line_of(MAMA_PAPA, "angry")
    first, again, other = (perform_line(line, Direction(30, seed)) for seed in (7, 7, 8))
    for name, array in first.arrays().items():
        assert array.tobytes() == again.arrays()[name].tobytes()
    assert not np.array_equal(first.gaze, other.gaze)
    assert not np.array_equal(first.head, other.head)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_no_channel_leaves_its_range_at_any_intensity(emotion: str) -> None:
    for intensity in (0.0, 0.5, 1.0):
        channels = perform_line(line_of(MAMA_PAPA, emotion, intensity), Direction(30, 2)).channels
        assert channels.min() >= 0.0
        assert channels.max() <= 1.0


def test_intensity_zero_is_neutral() -> None:
    silent = perform_line(line_of(MAMA_PAPA, "angry", 0.0), Direction(30, 2))
    neutral = perform_line(line_of(MAMA_PAPA, "neutral", 1.0), Direction(30, 2))
    assert np.allclose(silent.channels, neutral.channels, atol=1e-6)
    assert np.allclose(silent.head, neutral.head, atol=1e-6)


@pytest.mark.parametrize("emotion", [e for e in EMOTIONS if e != "neutral"])
def test_the_face_moves_further_from_neutral_with_intensity(emotion: str) -> None:
    neutral = perform_line(line_of(MAMA_PAPA, "neutral"), Direction(30, 2)).landmarks
    steps = [
        np.abs(perform_line(line_of(MAMA_PAPA, emotion, level), Direction(30, 2)).landmarks - neutral).mean()
        for level in (1 / 3, 2 / 3, 1.0)
    ]
    assert steps[0] < steps[1] < steps[2]


def test_a_blend_lies_between_its_emotions() -> None:
    blend = line_of(MAMA_PAPA, EmotionTrack.constant({"happy": 1.0, "surprised": 1.0}))
    channels = perform_line(blend, Direction(30, 2)).channels.mean(axis=0)
    happy = perform_line(line_of(MAMA_PAPA, "happy"), Direction(30, 2)).channels.mean(axis=0)
    smile, wide = CHANNEL_INDEX["mouthSmileLeft"], CHANNEL_INDEX["eyeWideLeft"]
    assert 0.3 * happy[smile] < channels[smile] < 0.8 * happy[smile]
    assert channels[wide] > 0.2


def test_blinks_come_as_often_and_last_as_long_as_published() -> None:
    line = line_of(LONG)
    found = [blinks(perform_line(line, Direction(120, seed))) for seed in range(4)]
    assert within("blink_rate", 60 * sum(len(b.start) for b in found) / (4 * line.duration))
    durations = np.concatenate([b.duration for b in found])
    assert within("blink_duration", float(np.median(durations)))
    ratio = np.concatenate([b.opening / np.maximum(b.closing, 1e-3) for b in found])
    assert within("blink_opening_ratio", float(np.median(ratio)))


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_a_blink_shuts_the_eyes_in_every_emotion(emotion: str) -> None:
    performance = perform_line(line_of(LONG, emotion), Direction(30, 3))
    opening = eye_opening(performance.landmarks)
    assert opening.min() < 0.005
    assert opening.min() >= -1e-6
    assert performance.channels[:, CHANNEL_INDEX["eyeBlinkLeft"]].max() > 0.8


def test_saccades_keep_to_the_main_sequence() -> None:
    found = [saccades(perform_line(line_of(LONG), Direction(120, seed))) for seed in range(3)]
    amplitude = np.concatenate([s.amplitude for s in found])
    peak = np.concatenate([s.peak for s in found])
    assert within("saccade_under_15", float(np.mean(amplitude < 15.0)))
    assert within("saccade_peak_velocity", float(np.mean(peak[amplitude > 10.0])))
    assert within("saccade_interval", float(np.percentile(np.concatenate([np.diff(s.start) for s in found]), 1)))
    assert np.corrcoef(amplitude, peak)[0, 1] > 0.8


def test_the_look_is_shared_between_the_partner_and_elsewhere() -> None:
    gaze = np.concatenate([world_gaze(perform_line(line_of(LONG), Direction(60, seed))) for seed in range(4)])
    assert within("mutual_gaze", float(np.mean(np.hypot(*gaze.T) < MUTUAL)))


def test_eyes_stay_on_their_target_while_the_head_moves() -> None:
    """Between saccades the look in the world stands still though head and eyes both turn."""
    performance = perform_line(line_of(LONG, "happy"), Direction(120, 3))
    speed = np.linalg.norm(np.gradient(world_gaze(performance), axis=0), axis=1) * 120
    head_speed = np.linalg.norm(np.gradient(head_degrees(performance)[:, :2], axis=0), axis=1) * 120
    still = speed < 20
    assert np.median(speed[still]) < 0.1 < np.median(head_speed[still])


@pytest.mark.parametrize("emotion", ["fear", "disgusted", "neutral"])
def test_eye_look_channels_say_exactly_where_each_eye_looks(emotion: str) -> None:
    """Gaze can be read back from the channels: no channel is at its end while the eye goes on."""
    performance = perform_line(line_of(LONG * 3, emotion), Direction(30, 3))
    look = {
        name: EYE_LOOK_RADIANS[direction] * performance.channels[:, CHANNEL_INDEX[name]]
        for direction in EYE_LOOK_RADIANS
        for name in (f"eyeLook{direction}Left", f"eyeLook{direction}Right")
    }
    left = np.stack([look["eyeLookDownLeft"] - look["eyeLookUpLeft"], look["eyeLookOutLeft"] - look["eyeLookInLeft"]])
    right = np.stack(
        [look["eyeLookDownRight"] - look["eyeLookUpRight"], look["eyeLookInRight"] - look["eyeLookOutRight"]]
    )
    assert np.allclose(np.stack([left.T, right.T], axis=1), performance.gaze, atol=1e-5)


def test_reseeding_blinks_leaves_every_other_channel_as_it_was() -> None:
    """In the finished performance, not only in the layers."""
    line = line_of(LONG, "happy")
    first = perform_line(line, Direction(30, 4)).channels
    other = perform_line(line, Direction(30, 4, LAYERS, {"blink": 5})).channels
    lids = indices("eyeBlink", "eyeWide", "eyeSquint")
    rest = [channel for channel in range(first.shape[1]) if channel not in lids]
    assert not np.array_equal(first[:, lids], other[:, lids])
    assert np.array_equal(first[:, rest], other[:, rest])


@pytest.mark.parametrize("fps", [1.0, 5.0, 23.976, 240.0])
def test_any_frame_rate_is_performed_and_at_low_ones_the_mouth_still_opens(fps: float) -> None:
    performance = perform_line(line_of(LONG), Direction(fps, 0))
    assert inner_lip_gap(performance.landmarks).max() > 0.05


def test_sadness_looks_down_and_hangs_the_head() -> None:
    pitch = {
        e: np.mean([world_gaze(perform_line(line_of(LONG, e), Direction(30, s)))[:, 0].mean() for s in range(4)])
        for e in ("sad", "happy")
    }
    assert pitch["sad"] > pitch["happy"] + 1.0
    head = {e: head_degrees(perform_line(line_of(LONG, e), Direction(30, 1)))[:, 0].mean() for e in ("sad", "happy")}
    assert head["sad"] > head["happy"] + 3.0


def test_the_head_is_never_still_in_speech_and_calm_in_silence() -> None:
    speaking = perform_line(line_of(("AA T " * 200).split()), Direction(60, 3))
    silent = perform_line(line_of(["SIL"], pause=60.0), Direction(60, 3))
    assert within("head_moving_speaking", float(head_moving(speaking).mean()))
    assert within("head_moving_silent", float(head_moving(silent).mean()))


def test_in_silence_the_eyes_live() -> None:
    silent = perform_line(line_of(["SIL"], pause=60.0), Direction(120, 3))
    assert len(saccades(silent).start) > 20
    assert len(blinks(silent).start) >= 8


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_head_motion_has_published_size_and_follows_the_voice(emotion: str) -> None:
    line = line_of(LONG, emotion)
    spread, correlation = [], []
    for seed in range(4):
        performance = perform_line(line, Direction(30, seed))
        emphasis = layer_tracks(line, Direction(30, seed)).emphasis
        spread.append(head_degrees(performance).std(axis=0))
        voice = np.stack([emphasis.pitch, emphasis.loudness], axis=1)
        correlation.append(canonical_correlation(head_degrees(performance), voice))
    pitch, yaw, roll = np.mean(spread, axis=0)
    assert within("head_pitch_sd", float(pitch))
    assert within("head_yaw_sd", float(yaw))
    assert within("head_roll_sd", float(roll))
    assert within("head_prosody_correlation", float(np.mean(correlation)))


@pytest.mark.parametrize("duration", [0.05, 0.2, 1.0])
def test_the_shortest_lines_are_performed(duration: float) -> None:
    performance = perform_line(line_of(["M"], pace=duration), Direction(10, 0))
    assert performance.frame_count >= 1
    assert not saccades(performance).start.size or performance.frame_count > 1
    assert head_moving(performance).shape == (performance.frame_count,)
