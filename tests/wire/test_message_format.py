"""The wire format: what is encoded comes back, and nothing that is broken gets through."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from addon.core.errors import EmotionError, RequestError, SoundError, WireError
from addon.core.exchange import Assembly, error_from, error_message, request_from, request_message, result_messages
from addon.core.performance import ARRAY_NAMES, Performance
from addon.core.request import EXAMPLE_FRAMES
from addon.core.wire import Message, decode, encode, job_of
from addon.core.wire_schema import OPERATIONS, VERSION
from tests.wire.hostile import BROKEN, HELLO, a_request, header, mutated


def a_performance(frames: int, fps: float = 30.0) -> Performance:
    random = np.random.default_rng(frames)
    shapes = {"landmarks": (70, 3), "gaze": (2, 2), "head": (6,), "channels": (52,), "emotion": (9,)}
    arrays = {name: random.random((frames, *shape), dtype=np.float32) for name, shape in shapes.items()}
    phones = [["AA", t / 10, (t + 1) / 10] for t in range(6000)]
    return Performance(fps, **arrays, meta={"engine": "rules", "phones": phones, "note": "ü 世"})


def over_the_wire(message: Message, sender: str) -> Message:
    return decode([bytes(frame) for frame in encode(message)], sender)


def test_a_request_comes_back_as_it_was() -> None:
    sent = a_request()
    got = request_from(over_the_wire(request_message("j1", sent), "addon"))
    for name in ("sound", "sound_name", "text", "engine", "seed", "fps", "layers", "layer_seeds"):
        assert getattr(got, name) == getattr(sent, name), name
    assert got.emotion is not None
    assert sent.emotion is not None
    for name in ("times", "weights", "intensity"):
        np.testing.assert_array_equal(getattr(got.emotion, name), getattr(sent.emotion, name))


def test_example_frames_of_a_character_come_back_as_they_were() -> None:
    poses = np.random.default_rng(1).random((EXAMPLE_FRAMES, 52), dtype=np.float32)
    got = request_from(over_the_wire(request_message("j1", a_request(character=poses)), "addon")).character
    assert got is not None
    np.testing.assert_array_equal(got, poses)
    assert request_from(over_the_wire(request_message("j1", a_request()), "addon")).character is None


def test_example_frames_of_another_shape_or_beyond_their_range_are_refused() -> None:
    plain = request_message("j1", a_request())
    for poses, error in ((np.zeros((3, 52)), WireError), (np.full((EXAMPLE_FRAMES, 52), 2.0), RequestError)):
        sent = replace(plain, arrays={**plain.arrays, "character": poses.astype(np.float32)})
        with pytest.raises(error):
            request_from(over_the_wire(sent, "addon"))


def test_without_text_and_emotion_a_request_says_so() -> None:
    got = request_from(over_the_wire(request_message("j1", a_request(text=None, emotion=None, sound=b"")), "addon"))
    assert got.text is None
    assert got.emotion is None
    assert got.sound == b""


@pytest.mark.parametrize(("frames", "pieces"), [(1, 1), (300, 1), (301, 2), (18_000, 60)])
def test_a_result_comes_back_to_the_bit_in_pieces_of_ten_seconds(frames: int, pieces: int) -> None:
    sent = a_performance(frames)
    messages = [over_the_wire(message, "backend") for message in result_messages("j1", sent)]
    assert [m.op for m in messages] == ["piece"] * pieces + ["finished"]
    assembly = Assembly()
    for message in messages[:-1]:
        assembly.add(message)
    got = assembly.finish(messages[-1])
    assert got.meta == sent.meta
    assert got.fps == sent.fps
    for name in ARRAY_NAMES:
        assert getattr(got, name).tobytes() == getattr(sent, name).tobytes(), name


def test_arrays_are_read_from_the_frame_without_a_copy() -> None:
    frames = [bytes(frame) for frame in encode(request_message("j1", a_request()))]
    sound = decode(frames, "addon").arrays["sound"]
    assert np.shares_memory(sound, np.frombuffer(frames[1], dtype=np.uint8))
    assert not sound.flags.writeable


def test_pieces_that_do_not_fit_together_are_refused() -> None:
    first, second, finished = result_messages("j1", a_performance(400))
    too_long = Message("piece", "j1", {"first": 300, "total": 400}, first.arrays)
    other_total = Message("piece", "j1", {"first": 300, "total": 500}, second.arrays)
    for wrong in (first, too_long, other_total):
        assembly = Assembly()
        assembly.add(first)
        with pytest.raises(WireError):
            assembly.add(wrong)
    with pytest.raises(WireError):
        assembly.finish(finished)


def test_an_error_keeps_its_kind_code_and_sentence() -> None:
    got = error_from(over_the_wire(error_message(SoundError("sound.empty", "It is empty.", "a.wav"), "j1"), "backend"))
    assert (type(got), got.code, got.message, got.where) == (SoundError, "sound.empty", "It is empty.", "a.wav")


def test_an_error_with_text_that_is_not_unicode_can_still_be_sent() -> None:
    got = error_from(over_the_wire(error_message(RequestError("a.b", "Bad \ud800." * 3000)), "backend"))
    assert got.message.startswith("Bad \\ud800.")


@pytest.mark.parametrize("sender", ["addon", "backend"])
@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1, 10**40])
def test_another_version_is_told_which_side_to_update(sender: str, version: int) -> None:
    with pytest.raises(WireError) as caught:
        decode([header(version=version, something_new=1)], sender)
    other, mine = ("add-on", "backend") if sender == "addon" else ("backend", "add-on")
    assert caught.value.code == "wire.version"
    assert caught.value.message.endswith(f"update the {other if version < VERSION else mine}.")


@pytest.mark.parametrize("name", BROKEN)
def test_broken_messages_are_refused_with_a_code(name: str) -> None:
    frames, code = BROKEN[name]
    with pytest.raises(WireError) as caught:
        decode(frames, "addon")
    assert caught.value.code == code
    assert caught.value.message.endswith(".")


def test_a_required_array_may_not_be_missing() -> None:
    message = request_message("j1", a_request())
    with pytest.raises(WireError) as caught:
        decode([header(message, arrays=[])], "addon")
    assert caught.value.code == "wire.arrays"


@pytest.mark.parametrize(
    "bad",
    ["half a track", "NaN weight", "falling times", "negative weight", "text too long", "not UTF-8", "fps", "seed"],
)
def test_requests_that_are_well_formed_but_senseless_are_refused(bad: str) -> None:
    message = request_message("j1", a_request())
    arrays, fields = dict(message.arrays), dict(message.fields)
    changes: dict[str, Any] = {
        "NaN weight": ("weights", np.full((2, 8), np.nan, np.float32)),
        "falling times": ("times", np.array([1.0, 0.5], np.float32)),
        "negative weight": ("weights", np.full((2, 8), -1.0, np.float32)),
        "text too long": ("text", np.full(20_001, ord("a"), np.uint8)),
        "not UTF-8": ("text", np.array([0xFF, 0xFE], np.uint8)),
    }
    if bad == "half a track":
        del arrays["times"]
    elif bad in ("fps", "seed"):
        fields[bad] = 2**33
    else:
        arrays[changes[bad][0]] = changes[bad][1]
    with pytest.raises((WireError, EmotionError, RequestError)):
        request_from(over_the_wire(Message("perform", "j1", fields, arrays), "addon"))


def test_the_sender_of_a_broken_message_hears_which_job_it_was() -> None:
    assert job_of([header(Message("cancel", "j1"), fields={"x": 1})]) == "j1"
    assert job_of([b"\x00"]) == ""
    assert job_of([]) == ""
    assert job_of([header(job=["j1"])]) == ""
    assert job_of([header(job="x" * 65)]) == ""


def test_nothing_is_sent_that_the_other_side_would_refuse() -> None:
    for message in (
        Message("hello"),
        Message("cancel", ""),
        Message("unheard of"),
        Message("hello", fields={"software": float("nan")}),
        Message("cancel", "j1", {}, {"sound": np.zeros(1, np.uint8)}),
        Message("perform", "j1", {}, {}),
    ):
        with pytest.raises(WireError):
            encode(message)


def test_mutated_messages_decode_or_raise_a_wire_error_and_nothing_else() -> None:
    random = np.random.default_rng(20240601)
    good = [
        (sender, [bytes(f) for f in encode(message)])
        for sender, message in [
            ("addon", HELLO),
            ("addon", request_message("j1", a_request())),
            ("addon", Message("cancel", "j1")),
            *(("backend", m) for m in result_messages("j1", a_performance(2))),
            ("backend", error_message(WireError("a.b", "No."), "j1")),
        ]
    ]
    outcomes = {"message": 0, "error": 0}
    for _ in range(6000):
        sender, frames = good[int(random.integers(len(good)))]
        for _ in range(int(random.integers(1, 4))):
            frames = mutated(frames, random)
        job_of(frames)
        try:
            message = decode(frames, sender)
        except WireError:
            outcomes["error"] += 1
            continue
        outcomes["message"] += 1
        assert message.fields.keys() == OPERATIONS[message.op].fields.keys()
        assert message.arrays.keys() <= OPERATIONS[message.op].arrays.keys()
    assert min(outcomes.values()) > 300, outcomes
