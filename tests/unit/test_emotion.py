"""Emotion tracks: sampling, blends, JSON, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from addon.core.emotion import EMOTIONS, EmotionTrack
from addon.core.errors import EmotionError, RequestError
from addon.core.request import LAYERS, PerformRequest

HAPPY, SAD, NEUTRAL = (EMOTIONS.index(name) for name in ("happy", "sad", "neutral"))


def test_a_constant_holds_everywhere() -> None:
    sampled = EmotionTrack.constant("happy", 0.4).sample(np.array([-5.0, 0.0, 1e6]))
    assert np.allclose(sampled[:, HAPPY], 1.0)
    assert np.allclose(sampled[:, 8], 0.4)


def test_between_keys_it_is_linear_and_outside_it_holds() -> None:
    track = EmotionTrack.from_keys([(1.0, "sad", 0.0), (3.0, "happy", 1.0)])
    sampled = track.sample(np.array([0.0, 1.0, 2.0, 3.0, 9.0]))
    assert np.allclose(sampled[:, SAD], [1.0, 1.0, 0.5, 0.0, 0.0])
    assert np.allclose(sampled[:, 8], [0.0, 0.0, 0.5, 1.0, 1.0])


def test_blends_sum_to_one_and_nothing_at_all_is_neutral() -> None:
    blend = EmotionTrack.constant({"happy": 3.0, "sad": 1.0}).sample(np.zeros(1))[0]
    assert blend[HAPPY] == pytest.approx(0.75)
    assert blend[:8].sum() == pytest.approx(1.0)
    assert EmotionTrack.constant({}).sample(np.zeros(1))[0, NEUTRAL] == 1.0


def test_it_survives_json_as_a_value_and_as_text() -> None:
    track = EmotionTrack.from_keys([(0.0, {"happy": 0.5, "sad": 0.25}, 0.8), (2.0, "fear", 0.1)])
    for form in (track.to_json(), json.dumps(track.to_json())):
        back = EmotionTrack.from_json(form)
        for name in ("times", "weights", "intensity"):
            assert np.array_equal(getattr(back, name), getattr(track, name))


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ([], "emotion.empty"),
        ([(0.0, "grumpy", 1.0)], "emotion.unknown"),
        ([(0.0, 3, 1.0)], "emotion.type"),
        ([(0.0, {"happy": "very"}, 1.0)], "emotion.weight"),
        ([(1.0, "happy", 1.0), (1.0, "sad", 1.0)], "emotion.order"),
        ([(0.0, "happy", 1.5)], "emotion.range"),
        ([(0.0, {"happy": -1.0}, 1.0)], "emotion.range"),
        ([(float("nan"), "happy", 1.0)], "emotion.finite"),
    ],
)
def test_what_is_not_a_track_is_refused(keys: list, code: str) -> None:
    with pytest.raises(EmotionError) as refused:
        EmotionTrack.from_keys(keys)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"keys": 3}',
        '{"keys": [{"time": 0}]}',
        '{"keys": [[0, 1, 2]]}',
        *(
            f'{{"keys": [{{"time": 0, "weights": {weights}, "intensity": 1}}]}}'
            for weights in ("[1, 0]", "null", "1", '{"happy": "much"}', '{"happy": [1]}', '{"happy": null}')
        ),
    ],
)
def test_json_of_something_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(EmotionError, match="expected"):
        EmotionTrack.from_json(text)


def test_requests_refuse_unknown_layers_bad_seeds_and_rates() -> None:
    good = {"sound": b"", "sound_name": "a.wav", "emotion": EmotionTrack.constant("happy")}
    assert PerformRequest(**good).layers == LAYERS
    for wrong in (
        {"layers": ("speech", "ears")},
        {"layer_seeds": {"ears": 1}},
        {"seed": -1},
        {"seed": 2**32},
        {"fps": 0.0},
        {"fps": float("nan")},
        {"text": "x" * 20_001},
    ):
        with pytest.raises(RequestError):
            PerformRequest(**good, **wrong)
